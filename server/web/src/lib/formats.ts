/** Containers and codecs as people write them; the hub names them as FFmpeg does. */

const NAMES: Readonly<Record<string, string>> = {
  mp4: "MP4",
  mov: "QuickTime",
  m4a: "MP4 audio",
  mkv: "Matroska",
  matroska: "Matroska",
  webm: "WebM",
  mpegts: "MPEG-TS",
  ts: "MPEG-TS",
  mpegps: "MPEG-PS",
  avi: "AVI",
  flv: "Flash Video",
  ogg: "Ogg",
  wav: "WAV",
  asf: "Windows Media",
  h264: "H.264",
  hevc: "HEVC",
  av1: "AV1",
  vp8: "VP8",
  vp9: "VP9",
  theora: "Theora",
  mpeg1video: "MPEG-1",
  mpeg2video: "MPEG-2",
  mpeg4: "MPEG-4",
  msmpeg4v3: "DivX 3",
  wmv3: "WMV 9",
  vc1: "VC-1",
  mjpeg: "Motion JPEG",
  prores: "ProRes",
  aac: "AAC",
  mp3: "MP3",
  mp2: "MP2",
  ac3: "AC-3",
  eac3: "E-AC-3",
  dts: "DTS",
  truehd: "TrueHD",
  opus: "Opus",
  vorbis: "Vorbis",
  flac: "FLAC",
  alac: "ALAC",
  wmav2: "WMA",
};

export interface Formats {
  readonly container?: string | null;
  readonly video_codec?: string | null;
  readonly audio_codec?: string | null;
}

export function formatName(name: string): string {
  return NAMES[name.toLowerCase()] ?? (name.startsWith("pcm_") ? "PCM" : name.toUpperCase());
}

/** Container, picture and sound: `MPEG-TS · H.264 · AAC`. */
export function formatLine({ container, video_codec, audio_codec }: Formats): string {
  const names = [container, video_codec, audio_codec].filter((name) => typeof name === "string" && name !== "");
  return names.map((name) => formatName(name as string)).join(" · ");
}

/** The part of a file that a browser with these capabilities stumbles over: the first it does not name, else all of it. */
export function stumblingBlock(formats: Formats, caps: string): string {
  const known = caps.split(",");
  const parts = [formats.container, formats.video_codec, formats.audio_codec];
  const unknown = parts.find((name) => typeof name === "string" && name !== "" && !known.includes(name));
  return unknown ? formatName(unknown) : formatLine(formats);
}
