/** What this browser decodes, in the words of `GET /v1/videos/{id}/play?caps=`. */

import type { VideoDetail } from "../api/types";

type Stream = VideoDetail["streams"][number];

/** The browser's answers, apart so that a test can give them. */
export interface Answers {
  /** By the media element, for files as they are. */
  file(mime: string): boolean;
  /** By media source extensions, for segments. */
  segments(mime: string): boolean;
  /** Whether pictures of that kind and height come in time (Media Capabilities); null: it does not say. */
  smooth(mime: string, height: number): Promise<boolean | null>;
  /** The screen shows more than the standard range of brightness. */
  readonly hdr: boolean;
}

type Probe = readonly [cap: string, mime: string];

/** Only as files. */
const CONTAINERS: readonly Probe[] = [
  ["mp4", 'video/mp4; codecs="avc1.640028"'],
  ["webm", 'video/webm; codecs="vp8"'],
  ["mkv", 'video/x-matroska; codecs="avc1.640028"'],
  // No browser admits to QuickTime files, and all read them: the boxes are those of MP4.
  ["mov", 'video/mp4; codecs="avc1.640028"'],
  ["m4a", 'audio/mp4; codecs="mp4a.40.2"'],
  ["ogg", 'audio/ogg; codecs="vorbis"'],
  ["wav", 'audio/wav; codecs="1"'],
];

const FILE_CODECS: readonly Probe[] = [
  ["pcm_s16le", 'audio/wav; codecs="1"'],
  ["vp8", 'video/webm; codecs="vp8"'],
  ["vorbis", 'audio/webm; codecs="vorbis"'],
  ["mp3", "audio/mpeg"],
  ["dts", 'audio/mp4; codecs="dtsc"'],
  ["truehd", 'audio/mp4; codecs="mlpa"'],
  ["alac", 'audio/mp4; codecs="alac"'],
];

/** Said to be decoded only where segments of them are: the hub copies what is named here into MP4 segments. */
const SEGMENT_CODECS: readonly Probe[] = [
  ["h264", 'video/mp4; codecs="avc1.640028"'],
  ["hevc", 'video/mp4; codecs="hvc1.1.6.L120.B0"'],
  ["av1", 'video/mp4; codecs="av01.0.08M.08"'],
  ["aac", 'audio/mp4; codecs="mp4a.40.2"'],
  ["ac3", 'audio/mp4; codecs="ac-3"'],
  ["eac3", 'audio/mp4; codecs="ec-3"'],
];

/** WebM files hold them too, where Safari decodes them, but not in MP4. */
const EITHER_CODECS: readonly (readonly [cap: string, file: string, segments: string])[] = [
  ["vp9", 'video/webm; codecs="vp09.00.40.08"', 'video/mp4; codecs="vp09.00.40.08"'],
  ["opus", 'audio/webm; codecs="opus"', 'audio/mp4; codecs="opus"'],
  ["flac", "audio/flac", 'audio/mp4; codecs="flac"'],
];

/** Ten bits a sample are asked for apart: many decoders stop at eight. The name tells of the codec it refines. */
const DEEP: readonly (readonly [cap: string, of: string, mime: string])[] = [
  ["h264-10", "h264", 'video/mp4; codecs="avc1.6E0028"'],
  ["hevc10", "hevc", 'video/mp4; codecs="hvc1.2.4.L120.B0"'],
  ["av1-10", "av1", 'video/mp4; codecs="av01.0.08M.10"'],
  ["vp9-10", "vp9", 'video/mp4; codecs="vp09.02.40.10"'],
];

const TALLEST = 2160;
const TALL = 1080;

/** The comma-separated list for `caps`. */
export async function capabilities(answers: Answers): Promise<string> {
  const both = (mime: string) => answers.file(mime) && answers.segments(mime);
  const found = [
    ...[...CONTAINERS, ...FILE_CODECS].filter(([, mime]) => answers.file(mime)),
    ...SEGMENT_CODECS.filter(([, mime]) => both(mime)),
    ...EITHER_CODECS.filter(([, file, segments]) => answers.file(file) || both(segments)),
  ].map(([cap]) => cap);
  const deep = await Promise.all(
    DEEP.filter(([, of, mime]) => found.includes(of) && answers.segments(mime)).map(
      async ([cap, , mime]) => [cap, (await answers.smooth(mime, TALL)) !== false] as const,
    ),
  );
  found.push(...deep.filter(([, smooth]) => smooth).map(([cap]) => cap));
  if (found.includes("h264") && (await answers.smooth('video/mp4; codecs="avc1.640033"', TALLEST)) === false) found.push(`h=${TALL}`);
  if (answers.hdr) found.push("hdr");
  if (answers.segments('video/mp4; codecs="avc1.640028"')) found.push("mse");
  return found.join(",");
}

/** `caps` without what has been found not to play after all. */
export function without(caps: string, failed: ReadonlySet<string>): string {
  const refines = (cap: string) => DEEP.find(([deep]) => deep === cap)?.[1] ?? cap;
  return caps
    .split(",")
    .filter((cap) => !failed.has(cap) && !failed.has(refines(cap)))
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

let measured: Promise<string> | null = null;

/** `capabilities` of this browser, measured once while the page is open. */
export function browserCapabilities(): Promise<string> {
  measured ??= capabilities(browserAnswers());
  return measured;
}

interface SourceClass {
  isTypeSupported(mime: string): boolean;
}

function browserAnswers(): Answers {
  const element = document.createElement("video");
  // iPhones have only the managed kind.
  const { MediaSource: plain, ManagedMediaSource: managed } = globalThis as { MediaSource?: SourceClass; ManagedMediaSource?: SourceClass };
  const source = plain ?? managed;
  const file = (mime: string) => element.canPlayType(mime) !== "";
  return {
    file,
    // Without media sources the browser plays HLS by itself, and what it decodes in files it decodes there.
    segments: source ? (mime) => source.isTypeSupported(mime) : file,
    async smooth(mime, height) {
      if (!("mediaCapabilities" in navigator)) return null;
      const width = Math.round((height * 16) / 9);
      try {
        const video = { contentType: mime, width, height, bitrate: height * 5_000, framerate: 30 };
        const answer = await navigator.mediaCapabilities.decodingInfo({ type: source ? "media-source" : "file", video });
        return answer.supported && answer.smooth;
      } catch {
        return null; // a browser that does not know the question
      }
    },
    hdr: matchMedia("(dynamic-range: high)").matches,
  };
}
