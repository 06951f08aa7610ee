import { expect, test } from "vitest";

import { capabilities, silentCodec, without, type Answers } from "../src/lib/caps";

const stream = (kind: "audio" | "video", codec: string, isDefault = false) => ({ kind, codec, default: isDefault });
const CAPS = "mp4,h264,aac,opus,pcm_s16le";

function browser(differing: Partial<Answers> = {}): Answers {
  const isPlain = (mime: string) => /mp4; .*(avc1.64|mp4a)/.test(mime);
  return { file: isPlain, segments: isPlain, smooth: async () => true, hdr: false, ...differing };
}

test("containers and codecs are named as the hub names them", async () => {
  expect(await capabilities(browser())).toBe("mp4,mov,m4a,h264,aac,mse");
  expect(await capabilities(browser({ file: () => false, segments: () => false }))).toBe("");
});

test("what is decoded in files but not in segments is not offered for copying", async () => {
  const everything = (mime: string) => mime !== "";
  const caps = await capabilities(browser({ file: everything }));
  expect(caps.split(",")).toEqual(expect.arrayContaining(["webm", "vp8", "vorbis", "vp9", "opus", "h264"]));
  expect(caps.split(",")).not.toContain("hevc");
  expect(caps.split(",")).not.toContain("ac3");
});

test("ten bits count only where they are decoded in time", async () => {
  const everything = { file: () => true, segments: () => true };
  const slowAt10 = async (mime: string) => !mime.includes("av01");
  expect((await capabilities(browser({ ...everything, smooth: slowAt10 }))).split(",")).toEqual(expect.arrayContaining(["av1", "hevc10", "h264-10"]));
  expect((await capabilities(browser({ ...everything, smooth: slowAt10 }))).split(",")).not.toContain("av1-10");
  expect((await capabilities(browser({ ...everything, smooth: async () => null }))).split(",")).toContain("av1-10");
});

test("a slow machine and a bright screen say so", async () => {
  const onlyTo1080 = async (_mime: string, height: number) => height <= 1080;
  expect(await capabilities(browser({ smooth: onlyTo1080, hdr: true }))).toBe("mp4,mov,m4a,h264,aac,h=1080,hdr,mse");
});

test("what failed is not named again, nor what refines it", () => {
  expect(without("mp4,h264,hevc,hevc10,aac", new Set(["hevc"]))).toBe("mp4,h264,aac");
  expect(without("mp4,h264", new Set())).toBe("mp4,h264");
});

test("sound that the browser does not decode is named", () => {
  expect(silentCodec([stream("video", "h264"), stream("audio", "ac3")], CAPS)).toBe("ac3");
  expect(silentCodec([stream("video", "h264"), stream("audio", "dts"), stream("audio", "ac3", true)], CAPS)).toBe("ac3");
});

test("one track that is decoded is enough, and a film without sound lacks none", () => {
  expect(silentCodec([stream("video", "h264"), stream("audio", "dts", true), stream("audio", "aac")], CAPS)).toBeNull();
  expect(silentCodec([stream("audio", "pcm_s24le")], CAPS)).toBeNull();
  expect(silentCodec([stream("video", "hevc")], CAPS)).toBeNull();
});
