/** What a card says about a video. */

import type { Video } from "../api/types";
import { texts } from "../texts";
import { ago } from "./time";

/** Below this share a video was only looked into. */
const BEGUN = 0.01;
/** From this share on it is over but for the credits: the hub counts it as watched, and a tick says so. */
const OVER = 0.9;

/** How much of the video was watched, 0…1, or null when there is nothing to show. */
export function watchedShare(video: Pick<Video, "position_s" | "duration_s">): number | null {
  if (!video.duration_s || video.position_s <= 0) return null;
  const share = video.position_s / video.duration_s;
  return share < BEGUN || share >= OVER ? null : share;
}

/** Why the video does not play here, in a word or two; null when it does. */
export function obstacle(video: Pick<Video, "availability" | "state">): string | null {
  if (video.availability === "missing") return texts.card.missing;
  if (video.availability === "catalogue") return texts.card.catalogue;
  if (video.state === "failed" || video.state === "blocked") return texts.card.failed;
  if (video.state === "uploaded" || video.state === "processing") return texts.card.processing;
  return null;
}

export function isAudio(video: Pick<Video, "video_codec" | "audio_codec">): boolean {
  return video.video_codec === null && video.audio_codec !== null;
}

/** Too little for a channel's name beside the age. */
const NARROW_PX = 200;

/** The line below the title: the channel, where it has room, and what is shown in full. */
export function metaLine(video: Video, widthPx: number, nowMs: number): { channel: string | null; rest: string } {
  const facts = [ago(video.published_at ?? video.added_at, nowMs)];
  if (video.views > 0) facts.push(texts.card.views(video.views));
  return { channel: widthPx < NARROW_PX ? null : video.channel || null, rest: facts.filter(Boolean).join(" · ") };
}
