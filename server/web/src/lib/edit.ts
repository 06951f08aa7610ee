/** What a person changed in the form about a video. */

import type { VideoDetail, VideoEdit } from "../api/types";

/** The form's fields, as typed. */
export interface EditForm {
  title: string;
  channel: string;
  description: string;
  /** Separated by commas. */
  tags: string;
}

type Edited = Pick<VideoDetail, "title" | "channel" | "description" | "tags">;

export function formOf(video: Edited): EditForm {
  return { title: video.title, channel: video.channel ?? "", description: video.description, tags: video.tags.join(", ") };
}

/** Only the fields that are different now: an edited field is the person's from then on, and scans leave it alone. */
export function changesOf(video: Edited, form: EditForm): VideoEdit {
  const before = formOf(video);
  const changes: VideoEdit = {};
  if (form.title.trim() !== before.title) changes.title = form.title.trim();
  if (form.channel.trim() !== before.channel) changes.channel = form.channel.trim() || null;
  if (form.description !== before.description) changes.description = form.description;
  if (form.tags.trim() !== before.tags) changes.tags = tagsIn(form.tags);
  return changes;
}

function tagsIn(text: string): string[] {
  const tags = text.split(",").map((tag) => tag.trim());
  return [...new Set(tags.filter((tag) => tag !== ""))];
}
