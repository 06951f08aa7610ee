import { describe, expect, it } from "vitest";
import { gainFactor } from "../src/lib/gain";
import { drawnSubtitles } from "../src/lib/levels";
import { skippable } from "../src/lib/markers";
import { parseStoryboard, stillAt } from "../src/lib/storyboard";

describe("a storyboard", () => {
  const vtt = [
    "WEBVTT",
    "",
    "00:05.000 --> 00:10.000",
    "storyboard/0.webp?token=t#xywh=160,0,160,90",
    "",
    "1",
    "00:00:00.000 --> 00:00:05.000 align:start",
    "storyboard/0.webp?token=t#xywh=0,0,160,90",
    "",
    "01:00:00.500 --> 01:00:05.000",
    "other.webp#xywh=pixel:0,90,160,90",
    "",
    "00:20.000 --> 00:25.000",
    "no place here",
    "",
    "00:25.000 --> 00:30.000",
    "flat.webp#xywh=0,0,0,90",
  ].join("\r\n");
  const stills = parseStoryboard(vtt, "http://hub:1/media/v/storyboard.vtt?token=t");

  it("tells which part of which sheet stands for which moment", () => {
    expect(stills.map(({ startS }) => startS)).toEqual([0, 5, 3600.5]);
    expect(stills[1]).toEqual({ startS: 5, endS: 10, sheet: "http://hub:1/media/v/storyboard/0.webp?token=t", x: 160, y: 0, width: 160, height: 90 });
    expect(stills[2]!.sheet).toBe("http://hub:1/media/v/other.webp");
  });

  it("has the last still that has begun for every moment", () => {
    expect([0, 4.9, 5, 17, 3600.5, 9999].map((at) => stillAt(stills, at)!.startS)).toEqual([0, 0, 5, 5, 3600.5, 3600.5]);
    expect(stillAt(stills.slice(1), 0)!.startS).toBe(5);
    expect(stillAt([], 3)).toBeNull();
  });
});

describe("what many skip", () => {
  const intro = { kind: "intro" as const, start_s: 30, end_s: 90 };
  const recap = { kind: "recap" as const, start_s: 20, end_s: 40 };

  it("is offered while enough of it is left", () => {
    expect(skippable([intro], 29.9)).toBeNull();
    expect(skippable([intro], 30)).toBe(intro);
    expect(skippable([intro], 88)).toBeNull();
  });

  it("is the shorter of two that overlap", () => {
    expect(skippable([intro, recap], 32)).toBe(recap);
    expect(skippable([intro, recap], 38)).toBe(intro);
  });
});

describe("loudness", () => {
  it("becomes a factor within bounds", () => {
    expect(gainFactor(null)).toBe(1);
    expect(gainFactor(0)).toBe(1);
    expect(gainFactor(-6)).toBeCloseTo(0.501, 3);
    expect(gainFactor(40)).toBe(gainFactor(12));
    expect(gainFactor(Number.NaN)).toBe(1);
  });
});

describe("subtitles that are pictures", () => {
  it("are found among the streams", () => {
    const stream = { index: 3, kind: "subtitle", codec: "hdmv_pgs_subtitle", language: "deu", title: null, forced: true, hearing_impaired: false };
    const text = { ...stream, index: 4, codec: "subrip" };
    expect(drawnSubtitles([stream, text])).toEqual([{ index: 3, lang: "deu", title: "", forced: true, hearingImpaired: false }]);
  });
});
