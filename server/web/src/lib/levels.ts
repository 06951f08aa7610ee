/** Renditions of pictures and sound as menus show them: pure. */

import { formatName } from "./formats";

/** A rendition of the pictures. `id` is how an engine knows it. */
export interface Quality {
  readonly id: number;
  /** By the shorter side, as people name it. 0: unknown. */
  readonly height: number;
  /** Bits a second at most; 0: unknown. */
  readonly bitrate: number;
  readonly frameRate: number;
  /** The file's own pictures, not encoded anew. */
  readonly isOriginal: boolean;
}

/** What a person wants to see: the player chooses, the file's own pictures, or at most so many lines. */
export type Wish = "auto" | "original" | number;

export function parseWish(kept: string | null): Wish {
  if (kept === "original") return kept;
  const height = Number(kept);
  return kept !== null && Number.isInteger(height) && height > 0 ? height : "auto";
}

/** The rendition for a wish: null when the player is to choose, also when the wish is for an original that is not offered. */
export function qualityFor(wish: Wish, offered: readonly Quality[]): Quality | null {
  if (wish === "auto") return null;
  if (wish === "original") return offered.find((quality) => quality.isOriginal) ?? null;
  const fitting = offered.filter((quality) => quality.height <= wish).sort((a, b) => b.height - a.height || b.bitrate - a.bitrate);
  return fitting[0] ?? offered.toSorted((a, b) => a.height - b.height)[0] ?? null;
}

/** `720p`, and `720p60` where pictures come faster than films have them. */
export function qualityName({ height, frameRate }: Pick<Quality, "height" | "frameRate">): string {
  return `${height}p${frameRate > 31 ? Math.round(frameRate) : ""}`;
}

/** One of each name, the tallest first; of two with one name the one with more bits. */
export function distinct(offered: readonly Quality[]): Quality[] {
  const byName = new Map<string, Quality>();
  for (const quality of offered.toSorted((a, b) => a.height - b.height || a.bitrate - b.bitrate)) {
    if (!quality.isOriginal && quality.height > 0) byName.set(qualityName(quality), quality);
  }
  return [...byName.values()].reverse();
}

/** The shorter side of a picture. */
export function shortSide(width: number | undefined, height: number | undefined): number {
  return Math.min(width || 0, height || 0);
}

/** The renditions that a master playlist lists (RFC 8216 §4.3.4.2). Ids count its variants. */
export function qualitiesOf(master: string): Quality[] {
  const found: Quality[] = [];
  const lines = master.split(/\r?\n/);
  lines.forEach((line, index) => {
    if (!line.startsWith("#EXT-X-STREAM-INF:")) return;
    const number = (pattern: RegExp) => Number(pattern.exec(line)?.[1] ?? 0);
    found.push({
      id: found.length,
      height: shortSide(number(/RESOLUTION=(\d+)x/), number(/RESOLUTION=\d+x(\d+)/)),
      bitrate: number(/[:,]BANDWIDTH=(\d+)/),
      frameRate: number(/FRAME-RATE=([\d.]+)/),
      isOriginal: isCopy(lines[index + 1] ?? ""),
    });
  });
  return found;
}

/** Whether a rendition's address is that of pictures copied from the file. */
export function isCopy(address: string): boolean {
  return /(^|\/)v-copy\//.test(address);
}

/** The stream of the file that a rendition of sound is made from, by its address; null when it does not tell. */
export function soundStream(address: string): number | null {
  const found = /(^|\/)a(\d+)-[^/]*\//.exec(address);
  return found ? Number(found[2]) : null;
}

export interface SoundTrack {
  /** The stream in the file. */
  readonly index: number;
  readonly label: string;
  readonly lang: string;
  readonly isDefault: boolean;
}

/** Subtitles that are pictures: they show only when drawn into the video. By FFmpeg's names. */
const DRAWN = ["hdmv_pgs_subtitle", "dvd_subtitle", "dvb_subtitle", "xsub"];

export interface DrawnSubtitles {
  /** The stream in the file. */
  readonly index: number;
  readonly lang: string;
  readonly title: string;
  readonly forced: boolean;
  readonly hearingImpaired: boolean;
}

interface SubtitleStream {
  readonly index: number;
  readonly kind: string;
  readonly codec: string;
  readonly language?: string | null;
  readonly title?: string | null;
  readonly forced: boolean;
  readonly hearing_impaired: boolean;
}

export function drawnSubtitles(streams: readonly SubtitleStream[]): DrawnSubtitles[] {
  return streams
    .filter((stream) => stream.kind === "subtitle" && DRAWN.includes(stream.codec))
    .map(({ index, language, title, forced, hearing_impaired }) => ({
      index,
      lang: language ?? "",
      title: title ?? "",
      forced,
      hearingImpaired: hearing_impaired,
    }));
}

interface AudioStream {
  readonly index: number;
  readonly kind: string;
  readonly codec: string;
  readonly language?: string | null;
  readonly title?: string | null;
  readonly channels?: number | null;
  readonly default: boolean;
}

/** The sound tracks of a file, labelled so that no two read alike. */
export function soundTracks(streams: readonly AudioStream[], languageName: (tag: string) => string): SoundTrack[] {
  const audio = streams.filter((stream) => stream.kind === "audio");
  const labels = audio.map((stream) => {
    const language = stream.language && stream.language !== "und" ? languageName(stream.language) : "";
    const title = stream.title && stream.title !== language ? stream.title : "";
    return [language, title, channelName(stream.channels ?? 0)].filter(Boolean).join(" · ");
  });
  return audio.map((stream, position) => {
    const label = labels[position]!;
    const isAmbiguous = label === "" || labels.indexOf(label) !== labels.lastIndexOf(label);
    return {
      index: stream.index,
      label: isAmbiguous ? [`${position + 1}`, label, formatName(stream.codec)].filter(Boolean).join(" · ") : label,
      lang: stream.language ?? "",
      isDefault: stream.default,
    };
  });
}

function channelName(channels: number): string {
  return { 0: "", 1: "mono", 2: "stereo", 6: "5.1", 7: "6.1", 8: "7.1" }[channels] ?? `${channels} ch`;
}
