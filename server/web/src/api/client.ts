/** Calls to the hub. Every function resolves with the answer or throws an `ApiError`; an abort passes through. */

import createClient, { type FetchResponse } from "openapi-fetch";
import type { LibraryFilter } from "../lib/route";
import type { PositionReport } from "../lib/position";
import { wholeList } from "../lib/wholeList";
import { texts } from "../texts";
import { ApiError, isAbort, problemError } from "./errors";
import type { paths } from "./schema";
import type { Folder, Job, Playback, ScanProblem, User, Video, VideoDetail, VideoEdit, VideoPage } from "./types";

type UnauthorizedListener = () => void;
let onUnauthorized: UnauthorizedListener = () => {};

/** Tell the session when an answer says that it has ended. */
export function whenUnauthorized(listener: UnauthorizedListener): void {
  onUnauthorized = listener;
}

const http = createClient<paths>({ credentials: "same-origin", cache: "no-store" });

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the response map's own constraint in openapi-fetch
async function answer<T extends Record<string | number, any>, O, M extends `${string}/${string}`>(
  call: Promise<FetchResponse<T, O, M>>,
): Promise<NonNullable<FetchResponse<T, O, M>["data"]>> {
  let result;
  try {
    result = await call;
  } catch (error) {
    if (isAbort(error)) throw error;
    if (error instanceof SyntaxError) throw new ApiError(502, "unexpected", texts.failures.unexpected);
    throw new ApiError(0, "network", texts.failures.network);
  }
  if (result.response.ok) return result.data as NonNullable<FetchResponse<T, O, M>["data"]>;
  if (result.response.status === 401) onUnauthorized();
  throw problemError(result.response.status, result.error);
}

export const api = {
  async setupNeeded(): Promise<boolean> {
    return (await answer(http.GET("/v1/setup"))).needed;
  },

  async setUp(code: string, name: string, password: string): Promise<User> {
    await answer(http.POST("/v1/setup", { body: { code, name, password } }));
    return api.me();
  },

  async logIn(name: string, password: string): Promise<User> {
    const call = await http.POST("/v1/auth/login", { body: { name, password } }).catch((error: unknown) => {
      throw new ApiError(0, "network", error instanceof TypeError ? texts.failures.network : texts.failures.unexpected);
    });
    // A wrong password is a 401 as well, but no session has ended by it.
    if (!call.response.ok) throw problemError(call.response.status, call.error);
    return api.me();
  },

  async logOut(): Promise<void> {
    await answer(http.POST("/v1/auth/logout"));
  },

  async me(): Promise<User> {
    return answer(http.GET("/v1/me"));
  },

  async videos(filter: LibraryFilter, cursor: string | null, limit: number, signal?: AbortSignal): Promise<VideoPage> {
    const { sort, order, channel, tag } = filter;
    const query = { sort, order, limit, ...(cursor && { cursor }), ...(channel && { channel }), ...(tag && { tag }) };
    return answer(http.GET("/v1/videos", { params: { query }, ...(signal && { signal }) }));
  },

  async removedVideos(cursor: string | null): Promise<VideoPage> {
    const query = { state: "deleted" as const, limit: 50, ...(cursor && { cursor }) };
    return answer(http.GET("/v1/videos", { params: { query } }));
  },

  async editVideo(id: string, changes: VideoEdit): Promise<VideoDetail> {
    return answer(http.PATCH("/v1/videos/{id}", { params: { path: { id } }, body: changes }));
  },

  async removeVideo(id: string): Promise<void> {
    await answer(http.DELETE("/v1/videos/{id}", { params: { path: { id } } }));
  },

  async restoreVideo(id: string): Promise<void> {
    await answer(http.PATCH("/v1/videos/{id}", { params: { path: { id } }, body: { state: "ready" } }));
  },

  async video(id: string): Promise<VideoDetail> {
    return answer(http.GET("/v1/videos/{id}", { params: { path: { id } } }));
  },

  /** `burn`: the stream of picture subtitles to be drawn into the picture. */
  async play(id: string, caps: string, burn: number | null): Promise<Playback> {
    const query = { caps, ...(burn !== null && { burn }) };
    return answer(http.GET("/v1/videos/{id}/play", { params: { path: { id }, query } }));
  },

  /** What follows a video: the next episode, or the next in its folder. */
  async nextVideo(id: string): Promise<Video | null> {
    return (await answer(http.GET("/v1/videos/{id}/next", { params: { path: { id } } }))).item;
  },

  /** What the person has begun, the latest first. */
  async begun(limit: number): Promise<readonly Video[]> {
    return (await answer(http.GET("/v1/continue", { params: { query: { limit } } }))).items;
  },

  async savePosition(id: string, report: PositionReport, leaving: boolean): Promise<void> {
    // keepalive lets the request outlive the page it was made by.
    await answer(http.PUT("/v1/videos/{id}/position", { params: { path: { id } }, body: report, keepalive: leaving }));
  },

  async folders(): Promise<readonly Folder[]> {
    return wholeList((query) => answer(http.GET("/v1/folders", { params: { query } })));
  },

  async addFolder(path: string): Promise<Folder> {
    return answer(http.POST("/v1/folders", { body: { path } }));
  },

  async removeFolder(id: string): Promise<void> {
    await answer(http.DELETE("/v1/folders/{id}", { params: { path: { id } } }));
  },

  async scanProblems(): Promise<readonly ScanProblem[]> {
    return wholeList((query) => answer(http.GET("/v1/folders/problems", { params: { query } })));
  },

  async scan(): Promise<Job> {
    return answer(http.POST("/v1/scans", { body: {} }));
  },

  async makeDemo(): Promise<Job> {
    return answer(http.POST("/v1/demo"));
  },

  async jobs(): Promise<readonly Job[]> {
    return (await answer(http.GET("/v1/jobs", { params: { query: { active: true, limit: 100 } } }))).items;
  },

  async cancelJob(id: string): Promise<Job> {
    return answer(http.POST("/v1/jobs/{id}/cancel", { params: { path: { id } } }));
  },
};

/** The address of a video's picture at a width that the hub makes. */
export function pictureUrl(video: Pick<Video, "thumbnail_url">, width: 320 | 640 | 1280): string | null {
  const url = video.thumbnail_url;
  if (!url) return null;
  return `${url}${url.includes("?") ? "&" : "?"}w=${width}`;
}

export function pictureSet(video: Pick<Video, "thumbnail_url">): string | null {
  if (!video.thumbnail_url) return null;
  return ([320, 640, 1280] as const).map((width) => `${pictureUrl(video, width)} ${width}w`).join(", ");
}
