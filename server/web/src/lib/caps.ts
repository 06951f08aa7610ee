/** What this browser decodes, in the words of `GET /v1/videos/{id}/play?caps=`. */

import type { VideoDetail } from "../api/types";

type Stream = VideoDetail["streams"][number];

export type CanPlay = (mime: string) => boolean;

const PROBES: readonly [cap: string, mime: string][] = [
  ["mp4", 'video/mp4; codecs="avc1.640028"'],
  ["webm", 'video/webm; codecs="vp8"'],
  ["mkv", 'video/x-matroska; codecs="avc1.640028"'],
  // No browser admits to QuickTime files, and all read them: the boxes are those of MP4.
  ["mov", 'video/mp4; codecs="avc1.640028"'],
  ["m4a", 'audio/mp4; codecs="mp4a.40.2"'],
  ["ogg", 'audio/ogg; codecs="vorbis"'],
  ["wav", 'audio/wav; codecs="1"'],
  ["pcm_s16le", 'audio/wav; codecs="1"'],
  ["flac", "audio/flac"],
  ["h264", 'video/mp4; codecs="avc1.640028"'],
  ["hevc", 'video/mp4; codecs="hvc1.1.6.L120.B0"'],
  ["av1", 'video/mp4; codecs="av01.0.08M.08"'],
  ["vp8", 'video/webm; codecs="vp8"'],
  ["vp9", 'video/webm; codecs="vp9"'],
  ["aac", 'audio/mp4; codecs="mp4a.40.2"'],
  ["mp3", "audio/mpeg"],
  ["opus", 'audio/webm; codecs="opus"'],
  ["vorbis", 'audio/webm; codecs="vorbis"'],
  ["ac3", 'audio/mp4; codecs="ac-3"'],
  ["eac3", 'audio/mp4; codecs="ec-3"'],
  ["dts", 'audio/mp4; codecs="dtsc"'],
  ["truehd", 'audio/mp4; codecs="mlpa"'],
  ["alac", 'audio/mp4; codecs="alac"'],
];

/** The comma-separated list for `caps`. */
export function capabilities(canPlay: CanPlay): string {
  return PROBES.filter(([, mime]) => canPlay(mime))
    .map(([cap]) => cap)
    .join(",");
}

/**
 * The codec of sound that a browser with these capabilities leaves out while the picture plays, or null when it makes
 * sound of at least one of the tracks, or there is none.
 */
export function silentCodec(streams: readonly Pick<Stream, "kind" | "codec" | "default">[], caps: string): string | null {
  const known = caps.split(",");
  const tracks = streams.filter((stream) => stream.kind === "audio");
  const isHeard = (codec: string) => known.includes(codec) || (codec.startsWith("pcm_") && known.includes("pcm_s16le"));
  if (tracks.length === 0 || tracks.some((track) => isHeard(track.codec))) return null;
  return (tracks.find((track) => track.default) ?? tracks[0]!).codec;
}

/** `capabilities` of this browser, by its own media element. */
export function browserCapabilities(): string {
  const probe = document.createElement("video");
  return capabilities((mime) => probe.canPlayType(mime) !== "");
}
