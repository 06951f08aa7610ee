import { expect, test } from "vitest";

import { silentCodec } from "../src/lib/caps";

const stream = (kind: "audio" | "video", codec: string, isDefault = false) => ({ kind, codec, default: isDefault });
const CAPS = "mp4,h264,aac,opus,pcm_s16le";

test("sound that the browser does not decode is named", () => {
  expect(silentCodec([stream("video", "h264"), stream("audio", "ac3")], CAPS)).toBe("ac3");
  expect(silentCodec([stream("video", "h264"), stream("audio", "dts"), stream("audio", "ac3", true)], CAPS)).toBe("ac3");
});

test("one track that is decoded is enough, and a film without sound lacks none", () => {
  expect(silentCodec([stream("video", "h264"), stream("audio", "dts", true), stream("audio", "aac")], CAPS)).toBeNull();
  expect(silentCodec([stream("audio", "pcm_s24le")], CAPS)).toBeNull();
  expect(silentCodec([stream("video", "hevc")], CAPS)).toBeNull();
});
