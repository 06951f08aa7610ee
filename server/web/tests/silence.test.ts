import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { SilenceWatch } from "../src/lib/silence";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("silence is noticed once, after the whole time", () => {
  const silent = vi.fn();
  const watch = new SilenceWatch(60_000, silent);
  vi.advanceTimersByTime(120_000);
  expect(silent).not.toHaveBeenCalled();
  watch.heard();
  vi.advanceTimersByTime(59_999);
  expect(silent).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(silent).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(120_000);
  expect(silent).toHaveBeenCalledTimes(1);
});

test("whatever is heard begins the time anew", () => {
  const silent = vi.fn();
  const watch = new SilenceWatch(60_000, silent);
  for (let n = 0; n < 10; n++) {
    watch.heard();
    vi.advanceTimersByTime(50_000);
  }
  expect(silent).not.toHaveBeenCalled();
});

test("a stopped watch says nothing", () => {
  const silent = vi.fn();
  const watch = new SilenceWatch(60_000, silent);
  watch.heard();
  watch.stop();
  vi.advanceTimersByTime(120_000);
  expect(silent).not.toHaveBeenCalled();
});
