import { describe, expect, it } from "vitest";
import { distinct, isCopy, parseWish, qualitiesOf, qualityFor, qualityName, soundStream, soundTracks, type Quality } from "../src/lib/levels";
import { isSamePlace, tokenOf, withToken } from "../src/lib/mediaUrl";

const quality = (id: number, height: number, rest: Partial<Quality> = {}): Quality => ({
  id,
  height,
  bitrate: height * 4000,
  frameRate: 25,
  isOriginal: false,
  ...rest,
});
const LADDER = [quality(0, 360), quality(1, 720), quality(2, 1080), quality(3, 1080, { bitrate: 9_000_000, isOriginal: true })];

describe("the wish for a quality", () => {
  it("is kept as it was said", () => {
    expect(["720", "original", null, "fine", "-3"].map(parseWish)).toEqual([720, "original", "auto", "auto", "auto"]);
  });

  it("is met by the rendition of that height, else by the next lower, else by the lowest", () => {
    expect(qualityFor(720, LADDER)?.id).toBe(1);
    expect(qualityFor(480, LADDER)?.id).toBe(0);
    expect(qualityFor(144, LADDER)?.id).toBe(0);
    expect(qualityFor(720, [])).toBeNull();
  });

  it("leaves the choice to the player when it is automatic or the original is not offered", () => {
    expect(qualityFor("auto", LADDER)).toBeNull();
    expect(qualityFor("original", LADDER)?.id).toBe(3);
    expect(qualityFor("original", LADDER.slice(0, 3))).toBeNull();
  });

  it("is shown by names, each once", () => {
    expect(distinct([...LADDER, quality(4, 720, { frameRate: 50 }), quality(5, 360, { bitrate: 1 })]).map(({ id }) => id)).toEqual([2, 4, 1, 0]);
    expect(qualityName(quality(0, 720, { frameRate: 59.94 }))).toBe("720p60");
  });
});

describe("a master playlist", () => {
  const master = [
    "#EXTM3U",
    '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="English",URI="abc/a1-aac2/index.m3u8"',
    '#EXT-X-STREAM-INF:AVERAGE-BANDWIDTH=1,BANDWIDTH=5000000,CODECS="avc1.640028,mp4a.40.2",RESOLUTION=1920x1080,FRAME-RATE=25.000,AUDIO="a"',
    "abc/v-copy/index.m3u8?token=t",
    "#EXT-X-STREAM-INF:BANDWIDTH=900000,RESOLUTION=360x640,FRAME-RATE=30.000",
    "abc/v360-h264/index.m3u8?token=t",
    "#EXT-X-STREAM-INF:BANDWIDTH=64000",
    "abc/a1-aac2/index.m3u8",
  ].join("\r\n");

  it("tells the renditions", () => {
    expect(qualitiesOf(master)).toEqual([
      { id: 0, height: 1080, bitrate: 5_000_000, frameRate: 25, isOriginal: true },
      { id: 1, height: 360, bitrate: 900_000, frameRate: 30, isOriginal: false },
      { id: 2, height: 0, bitrate: 64_000, frameRate: 0, isOriginal: false },
    ]);
    expect(qualitiesOf("not a playlist")).toEqual([]);
  });

  it("names renditions by what is in them", () => {
    expect(isCopy("/media/v/hls/abc/v-copy/index.m3u8?token=t")).toBe(true);
    expect(isCopy("/media/v-copyist/hls/abc/v720-h264/index.m3u8")).toBe(false);
    expect(soundStream("http://hub/media/v/hls/abc/a12-aac2/index.m3u8")).toBe(12);
    expect(soundStream("/media/a1/hls/abc/v720-h264/index.m3u8")).toBeNull();
  });
});

describe("sound tracks", () => {
  const audio = (index: number, rest: object = {}) => ({ index, kind: "audio", codec: "aac", default: false, ...rest });
  const name = (tag: string) => ({ eng: "English", deu: "German" })[tag] ?? tag;

  it("are told by language, title and channels", () => {
    const tracks = soundTracks([audio(1, { language: "eng", channels: 6, default: true }), audio(2, { language: "deu", title: "Commentary", channels: 2 })], name);
    expect(tracks.map(({ label }) => label)).toEqual(["English · 5.1", "German · Commentary · stereo"]);
    expect(tracks[0]).toMatchObject({ index: 1, lang: "eng", isDefault: true });
  });

  it("never read alike", () => {
    const tracks = soundTracks([{ index: 0, kind: "video", codec: "h264", default: true }, audio(1, { channels: 2 }), audio(2, { channels: 2, codec: "ac3" }), audio(3)], name);
    expect(tracks.map(({ label }) => label)).toEqual(["1 · stereo · AAC", "2 · stereo · AC-3", "3 · AAC"]);
  });
});

describe("the token in an address", () => {
  it("is exchanged and nothing else", () => {
    expect(withToken("/media/v/hls/c/v720/3.m4s?token=old&r=x", "new")).toBe("/media/v/hls/c/v720/3.m4s?token=new&r=x");
    expect(withToken("http://hub:1/a.m4s", "new")).toBe("http://hub:1/a.m4s?token=new");
    expect(withToken("/a#t=3", "n")).toBe("/a?token=n#t=3");
    expect(withToken("/a?token=o", null)).toBe("/a?token=o");
    expect(tokenOf("/media/v/file?token=abc")).toBe("abc");
    expect(tokenOf("/media/v/file")).toBeNull();
  });

  it("does not make it another place", () => {
    expect(isSamePlace("/m?token=a&r=1", "/m?token=b&r=1")).toBe(true);
    expect(isSamePlace("/m?token=a&r=1", "/m?token=a&r=2")).toBe(false);
  });
});
