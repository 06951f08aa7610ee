import { beforeEach, describe, expect, it } from "vitest";
import { watchedShare } from "../src/lib/card";
import { pausedAt, PositionSaver, resumeAt, SAVE_EVERY_MS, type PositionReport, type PositionSink } from "../src/lib/position";

class Hub implements PositionSink {
  clockMs = 1_000_000;
  reachable = true;
  got: (PositionReport & { leaving: boolean })[] = [];
  #waiting: (() => void)[] = [];
  slow = false;

  async send(report: PositionReport, leaving: boolean): Promise<void> {
    if (this.slow) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (!this.reachable) throw new Error("offline");
    this.got.push({ ...report, leaving });
  }
  now(): number {
    return this.clockMs;
  }
  answer(): void {
    this.#waiting.shift()?.();
  }
}
const settled = () => new Promise((resolve) => setTimeout(resolve));

let hub: Hub;
let saver: PositionSaver;
beforeEach(() => {
  hub = new Hub();
  saver = new PositionSaver(hub, 0);
});

describe("saving the position", () => {
  it("sends every ten seconds while playing, not more often", async () => {
    for (let second = 1; second <= 25; second++) {
      hub.clockMs += 1000;
      saver.tick(second);
      await settled();
    }
    expect(hub.got.map((report) => report.position_s)).toEqual([10, 20]);
    expect(SAVE_EVERY_MS).toBe(10_000);
  });

  it("sends at once when asked, without a time of its own", async () => {
    saver.save(42.1234);
    await settled();
    expect(hub.got).toEqual([{ position_s: 42.123, leaving: false }]);
  });

  it("does not repeat what the hub has", async () => {
    saver.save(42);
    await settled();
    saver.save(42.1);
    await settled();
    expect(hub.got).toHaveLength(1);
  });

  it("does not keep a video that was only opened", async () => {
    saver.save(0.8, true);
    await settled();
    expect(hub.got).toEqual([]);
  });

  it("does keep a return to the beginning of a begun one", async () => {
    saver = new PositionSaver(hub, 190);
    saver.save(0);
    await settled();
    expect(hub.got[0]?.position_s).toBe(0);
  });

  it("says when the page is going away, and does not wait for a send under way", async () => {
    hub.slow = true;
    saver.save(10);
    saver.save(12, true);
    hub.answer();
    hub.answer();
    await settled();
    expect(hub.got.at(-1)).toMatchObject({ position_s: 12, leaving: true });
  });

  it("keeps the newest when the hub cannot be reached, and sends it late with the time it was measured", async () => {
    hub.reachable = false;
    saver.save(10);
    await settled();
    saver.save(20);
    await settled();
    const measured = new Date(hub.clockMs).toISOString();
    hub.reachable = true;
    hub.clockMs += 4_000;
    saver.retry();
    await settled();
    expect(hub.got).toEqual([{ position_s: 20, at: measured, leaving: false }]);
  });

  it("sends one at a time, so that an older one never arrives last", async () => {
    hub.slow = true;
    saver.save(10);
    saver.save(20);
    saver.save(30);
    hub.answer();
    await settled();
    hub.answer();
    await settled();
    expect(hub.got.map((report) => report.position_s)).toEqual([10, 30]);
  });

  it("ignores a position that is no number", async () => {
    saver.save(Number.NaN);
    await settled();
    expect(hub.got).toEqual([]);
  });
});

describe("where playback goes on", () => {
  it.each([
    [0, 20, 0],
    [12.5, 20, 12.5],
    [18.9, 20, 18.9],
    [19, 20, 0],
    [20, 20, 0],
    [25, 20, 0],
    [12.5, null, 12.5],
    [12.5, Number.NaN, 12.5],
    [0.4, 1, 0],
  ])("told %s of %s seconds, begins at %s", (told, duration, at) => expect(resumeAt(told, duration)).toBe(at));
});

describe("the bar of a card", () => {
  const share = (position_s: number, duration_s: number | null) => watchedShare({ position_s, duration_s });

  it("shows how much of a begun video was watched, and nothing once it is over", () => {
    expect(share(5, 20)).toBe(0.25);
    expect(share(17.9, 20)).toBeCloseTo(0.895);
    expect(share(18, 20)).toBeNull();
    expect(share(20, 20)).toBeNull();
    expect(share(0.1, 20)).toBeNull();
    expect(share(5, null)).toBeNull();
  });
});

describe("a place kept over a reload", () => {
  it("is taken only by the video it is of", () => {
    const kept = JSON.stringify({ id: "a", timeS: 12.5 });
    expect(pausedAt(kept, "a")).toBe(12.5);
    expect(pausedAt(kept, "b")).toBeNull();
    expect(pausedAt(null, "a")).toBeNull();
  });
});
