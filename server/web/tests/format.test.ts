import { describe, expect, it } from "vitest";
import { formatLine, formatName, stumblingBlock } from "../src/lib/formats";
import { ago, bytes, clock, longDate, spokenDuration } from "../src/lib/time";
import { linkify } from "../src/lib/linkify";

describe("writing times", () => {
  it.each([
    [0, "0:00"],
    [59.9, "0:59"],
    [60, "1:00"],
    [3599, "59:59"],
    [3600, "1:00:00"],
    [36_061, "10:01:01"],
    [-3, "0:00"],
    [null, "–:––"],
    [Infinity, "–:––"],
    [Number.NaN, "–:––"],
  ])("writes %s seconds as %s", (seconds, text) => expect(clock(seconds)).toBe(text));

  it("says lengths in words", () => {
    expect(spokenDuration(3723)).toBe("1 hour 2 minutes 3 seconds");
    expect(spokenDuration(120)).toBe("2 minutes");
    expect(spokenDuration(0)).toBe("0 seconds");
  });

  const now = Date.parse("2026-11-21T12:00:00Z");
  it.each([
    ["2026-11-21T11:59:40Z", "now"],
    ["2026-11-21T12:00:20Z", "now"], // a clock slightly ahead
    ["2026-11-21T11:55:00Z", "5 minutes ago"],
    ["2026-11-21T09:00:00Z", "3 hours ago"],
    ["2026-11-20T09:00:00Z", "yesterday"],
    ["2026-11-05T12:00:00Z", "2 weeks ago"],
    ["2026-10-21T11:00:00Z", "last month"],
    ["2023-11-21T12:00:00Z", "3 years ago"],
    ["garbage", ""],
  ])("writes %s as %s", (when, text) => expect(ago(when, now)).toBe(text));
});

describe("writing dates", () => {
  it.each([
    ["en-GB", "21 November 2026"],
    ["en-US", "November 21, 2026"],
    ["de", "21. November 2026"],
  ])("writes them as in %s", (locale, text) => expect(longDate("2026-11-21T12:00:00Z", locale)).toBe(text));
});

describe("naming formats", () => {
  const recording = { container: "mpegts", video_codec: "h264", audio_codec: "aac" };

  it("writes them as people do", () => {
    expect(formatLine(recording)).toBe("MPEG-TS · H.264 · AAC");
    expect(formatLine({ container: "wav", video_codec: null, audio_codec: "pcm_s24le" })).toBe("WAV · PCM");
    expect(formatName("xyz")).toBe("XYZ");
    expect(formatLine({})).toBe("");
  });

  it("names the part that the browser does not play", () => {
    expect(stumblingBlock(recording, "mp4,h264,aac")).toBe("MPEG-TS");
    expect(stumblingBlock({ ...recording, container: "mp4" }, "mp4,aac")).toBe("H.264");
    expect(stumblingBlock(recording, "mpegts,h264,aac")).toBe("MPEG-TS · H.264 · AAC");
  });
});

describe("writing sizes", () => {
  it.each([
    [0, "0 bytes"],
    [999, "999 bytes"],
    [1000, "1 kB"],
    [1_450_000, "1.5 MB"],
    [14_500_000, "15 MB"],
    [4_294_967_296, "4.3 GB"],
  ])("writes %s as %s", (size, text) => expect(bytes(size)).toBe(text));
});

describe("addresses in a description", () => {
  it("finds them and leaves the sentence's own punctuation out", () => {
    expect(linkify("See https://example.org/a?b=1. More (https://example.org/x) there")).toEqual([
      { text: "See ", href: null },
      { text: "https://example.org/a?b=1", href: "https://example.org/a?b=1" },
      { text: ". More (", href: null },
      { text: "https://example.org/x", href: "https://example.org/x" },
      { text: ") there", href: null },
    ]);
  });

  it("keeps text without addresses in one piece, markup included", () => {
    expect(linkify("<b>1 & 2</b> javascript:alert(1)")).toEqual([{ text: "<b>1 & 2</b> javascript:alert(1)", href: null }]);
    expect(linkify("")).toEqual([]);
  });
});
