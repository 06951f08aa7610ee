import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { VideoPage } from "../src/api/types";

const answers: ((page: VideoPage) => void)[] = [];
vi.mock("../src/api/client", () => ({
  api: { videos: () => new Promise<VideoPage>((resolve) => answers.push(resolve)) },
}));
const { VideoList } = await import("../src/state/videos.svelte");

const filter = { sort: "added", order: "desc", channel: null, tag: null } as never;
const page = (...ids: string[]) => ({ items: ids.map((id) => ({ id })), next_cursor: null }) as unknown as VideoPage;

beforeEach(() => {
  vi.stubGlobal("window", globalThis);
  vi.useFakeTimers();
  answers.length = 0;
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("what is added while the list is being read is in it after one more reading", async () => {
  const list = new VideoList(filter);
  list.show();
  list.hear({ type: "videos.added", ids: ["b"] } as never);
  answers.shift()!(page("a"));
  await vi.advanceTimersByTimeAsync(5_000);
  expect(list.fresh).toBe(1);
  answers.shift()!(page("b", "a"));
  await vi.advanceTimersByTimeAsync(0);
  expect([list.indexOf("b"), list.length, list.fresh, list.headChanged]).toEqual([0, 2, 0, false]);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(answers).toHaveLength(0);
});
