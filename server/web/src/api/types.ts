/** The hub's types, under the names the app uses. All come from the hub's own description of its API. */

import type { components, paths } from "./schema";

type Answer<T> = T extends { content: { "application/json": infer Body } } ? Body : never;

export type VideoPage = Answer<paths["/v1/videos"]["get"]["responses"]["200"]>;
export type Video = VideoPage["items"][number];
export type VideoDetail = Answer<paths["/v1/videos/{id}"]["get"]["responses"]["200"]>;
/** What a person may change of a video; what is left out stays. */
export type VideoEdit = components["schemas"]["VideoPatch"];
export type Playback = Answer<paths["/v1/videos/{id}/play"]["get"]["responses"]["200"]>;
export type Chapter = Playback["chapters"][number];
export type CaptionLink = Playback["captions"][number];
export type User = Answer<paths["/v1/me"]["get"]["responses"]["200"]>;
export type Folder = Answer<paths["/v1/folders"]["get"]["responses"]["200"]>["items"][number];
export type ScanProblem = Answer<paths["/v1/folders/problems"]["get"]["responses"]["200"]>["items"][number];
export type Job = Answer<paths["/v1/jobs"]["get"]["responses"]["200"]>["items"][number];

/** The figures a scan reports in its job's `detail`. */
export interface ScanFigures {
  phase: string;
  files_found: number;
  files_new: number;
  files_changed: number;
  files_moved: number;
  files_missing: number;
  errors: number;
  files_per_s: number;
  current: string | null;
}

/** What `GET /v1/events` sends; one JSON document a message. */
export type HubEvent = components["schemas"]["EventMessage"];
