import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { Countdown } from "../src/lib/countdown";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("it ends once, after its time", () => {
  const ended = vi.fn();
  new Countdown(10_000, ended);
  vi.advanceTimersByTime(9_999);
  expect(ended).not.toHaveBeenCalled();
  vi.advanceTimersByTime(100_000);
  expect(ended).toHaveBeenCalledTimes(1);
});

test("it stands still while pointer or focus is there, and begins anew after the last", () => {
  const ended = vi.fn();
  const countdown = new Countdown<"pointer" | "focus">(10_000, ended);
  vi.advanceTimersByTime(9_000);
  countdown.hold("pointer");
  countdown.hold("focus");
  vi.advanceTimersByTime(60_000);
  countdown.release("pointer");
  vi.advanceTimersByTime(60_000);
  expect(ended).not.toHaveBeenCalled();
  countdown.release("focus");
  vi.advanceTimersByTime(9_999);
  expect(ended).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(ended).toHaveBeenCalledTimes(1);
});

test("letting go of what was never held does not lengthen it, and a stopped one never ends", () => {
  const ended = vi.fn();
  const countdown = new Countdown<"pointer">(10_000, ended);
  vi.advanceTimersByTime(9_000);
  countdown.release("pointer");
  vi.advanceTimersByTime(1_000);
  expect(ended).toHaveBeenCalledTimes(1);
  const stopped = vi.fn();
  const other = new Countdown<"pointer">(10_000, stopped);
  other.hold("pointer");
  other.stop();
  other.release("pointer");
  vi.advanceTimersByTime(60_000);
  expect(stopped).not.toHaveBeenCalled();
});
