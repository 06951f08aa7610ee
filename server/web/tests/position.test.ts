import { beforeEach, describe, expect, it } from "vitest";
import { PositionSaver, SAVE_EVERY_MS, type PositionReport, type PositionSink } from "../src/lib/position";

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
