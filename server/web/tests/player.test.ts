import { describe, expect, it } from "vitest";
import { cueBox, preferredTrack, trackFor } from "../src/lib/cues";
import { bufferedFractions, chapterAt, chapterMarks } from "../src/lib/ranges";
import { retryDelayMs } from "../src/lib/backoff";
import { Taps } from "../src/player/taps";

describe("where captions go", () => {
  const cue = { line: "auto" as const, snapToLines: true, position: "auto" as const, align: "center" };

  it("stacks ordinary cues at the bottom", () => {
    expect(cueBox(cue)).toEqual({ top: null, left: "0%", width: "100%", textAlign: "center" });
    expect(cueBox({ ...cue, line: -1 }).top).toBeNull();
  });

  it("puts a cue that asks for the top there", () => {
    expect(cueBox({ ...cue, line: 0 }).top).toBe("0%");
    expect(cueBox({ ...cue, line: 10, snapToLines: false }).top).toBe("10%");
    expect(cueBox({ ...cue, line: -15 }).top).toBe("0%");
  });

  it("follows the position and alignment across the picture", () => {
    expect(cueBox({ ...cue, position: 20 })).toMatchObject({ left: "0%", width: "40%" });
    expect(cueBox({ ...cue, position: 10, align: "start" })).toMatchObject({ left: "10%", width: "90%" });
    expect(cueBox({ ...cue, position: 90, align: "end" })).toMatchObject({ left: "0%", width: "90%" });
    expect(cueBox({ ...cue, position: 400, align: "start" })).toMatchObject({ left: "100%", width: "0%" });
  });

  it("chooses the remembered language, or one of its kind", () => {
    const tracks = [{ lang: "pt-BR" }, { lang: "en" }];
    expect(trackFor(tracks, "en")?.lang).toBe("en");
    expect(trackFor(tracks, "pt")?.lang).toBe("pt-BR");
    expect(trackFor(tracks, "de")).toBeNull();
    expect(trackFor(tracks, null)).toBeNull();
  });

  it("without a choice takes the track that suits the reader's languages", () => {
    const tracks = [
      { lang: "ar", label: "العربية", forced: false },
      { lang: "en", label: "English (forced)", forced: true },
      { lang: "en", label: "English", forced: false },
      { lang: "ger", label: "Deutsch", forced: false },
    ];
    const chosen = (...languages: string[]) => tracks.indexOf(preferredTrack(tracks, languages)!);
    expect(chosen("en-GB", "ar")).toBe(2);
    expect(chosen("fr", "de-AT", "en")).toBe(3);
    expect(chosen("fr", "sv")).toBe(0);
    expect(preferredTrack(tracks.slice(1, 2), ["de"])?.label).toBe("English (forced)");
    expect(preferredTrack(tracks.slice(1, 4), ["fr"])?.label).toBe("English");
    expect(preferredTrack([], ["en"])).toBeNull();
  });
});

describe("the seek bar", () => {
  it("shows what is buffered as parts of the whole", () => {
    expect(bufferedFractions([{ start: 0, end: 25 }, { start: 50, end: 120 }], 100)).toEqual([
      { start: 0, end: 0.25 },
      { start: 0.5, end: 1 },
    ]);
    expect(bufferedFractions([{ start: 0, end: 25 }], Number.NaN)).toEqual([]);
  });

  it("knows the chapter under the pointer and where chapters begin", () => {
    const chapters = [
      { start_s: 0, title: "A" },
      { start_s: 30, title: "B" },
      { start_s: 200, title: "beyond the end" },
    ];
    expect(chapterAt(chapters, 29.5)?.title).toBe("A");
    expect(chapterAt(chapters, 30)?.title).toBe("B");
    expect(chapterAt([], 3)).toBeNull();
    expect(chapterMarks(chapters, 100)).toEqual([0.3]);
  });
});

describe("waiting for the hub", () => {
  it("waits longer each time, up to a limit, and never in step with others", () => {
    expect(retryDelayMs(0, 1)).toBe(500);
    expect(retryDelayMs(0, 0)).toBe(250);
    expect(retryDelayMs(3, 1)).toBe(4000);
    expect(retryDelayMs(40, 1)).toBe(15_000);
  });
});

describe("touches on the picture", () => {
  const tapped = (taps: [xPx: number, atMs: number][]) => {
    const did: (number | "reveal")[] = [];
    const target = new Taps({ reveal: () => did.push("reveal"), skip: (seconds) => did.push(seconds) });
    for (const [xPx, atMs] of taps) target.tap(xPx, 300, atMs);
    return did;
  };

  it("shows the controls for one, skips for two on a side and on for three", () => {
    expect(tapped([[280, 0]])).toEqual(["reveal"]);
    expect(tapped([[280, 0], [270, 200]])).toEqual(["reveal", 10]);
    expect(tapped([[10, 0], [20, 200], [15, 450]])).toEqual(["reveal", -10, -10]);
  });

  it("takes slow taps, taps on both sides and in the middle for single ones", () => {
    expect(tapped([[280, 0], [280, 500]])).toEqual(["reveal", "reveal"]);
    expect(tapped([[280, 0], [10, 100]])).toEqual(["reveal", "reveal"]);
    expect(tapped([[150, 0], [150, 100]])).toEqual(["reveal", "reveal"]);
  });
});
