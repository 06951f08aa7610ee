/** Where a WebVTT cue goes on the picture (WebVTT §6.4, the parts that files use), as CSS values. */

export interface CuePlace {
  line: number | "auto";
  snapToLines: boolean;
  position: number | "auto";
  align: string;
}

export interface CueBox {
  /** Distance from the top as a percentage, or null: stacked at the bottom, above the controls. */
  top: string | null;
  left: string;
  width: string;
  textAlign: string;
}

/** A video is 15 lines high for cues that count lines. */
const LINES = 15;

export function cueBox(cue: CuePlace): CueBox {
  const textAlign = cue.align === "middle" ? "center" : cue.align;
  let top: string | null = null;
  if (typeof cue.line === "number") {
    if (!cue.snapToLines) top = `${clamp(cue.line)}%`;
    // Negative lines count from the bottom: those of the lower half are left to the stack there.
    else if (cue.line >= 0) top = `${clamp((cue.line / LINES) * 100)}%`;
    else if (cue.line < -LINES / 2) top = `${clamp(((LINES + cue.line) / LINES) * 100)}%`;
  }
  if (typeof cue.position !== "number") return { top, left: "0%", width: "100%", textAlign };
  const at = clamp(cue.position);
  if (textAlign === "start" || textAlign === "left") return { top, left: `${at}%`, width: `${100 - at}%`, textAlign };
  if (textAlign === "end" || textAlign === "right") return { top, left: "0%", width: `${at}%`, textAlign };
  const half = Math.min(at, 100 - at);
  return { top, left: `${at - half}%`, width: `${half * 2}%`, textAlign };
}

function clamp(percent: number): number {
  return Math.min(100, Math.max(0, Math.round(percent * 100) / 100));
}

/**
 * The track for somebody who has never chosen one: the first language of `languages` (best first) that there is, in
 * full rather than forced (signs and foreign speech only); without a match the first that is not forced.
 */
export function preferredTrack<T extends { readonly lang: string; readonly forced: boolean }>(
  tracks: readonly T[],
  languages: readonly string[],
): T | null {
  const full = tracks.filter((track) => !track.forced);
  for (const candidates of [full, tracks]) {
    for (const language of languages) {
      const track = trackFor(candidates, language);
      if (track) return track;
    }
    if (candidates[0]) return candidates[0];
  }
  return null;
}

/** The track to show for a choice remembered as a language: that very tag, else one of the same base language. */
export function trackFor<T extends { readonly lang: string }>(tracks: readonly T[], lang: string | null): T | null {
  if (lang === null) return null;
  return tracks.find((track) => track.lang.toLowerCase() === lang.toLowerCase()) ?? tracks.find((track) => baseLanguage(track.lang) === baseLanguage(lang)) ?? null;
}

/** The language of a tag without region or script. Files name languages by three letters too: `ger`, `deu` and `de` are one. */
function baseLanguage(tag: string): string {
  const base = tag.toLowerCase().split(/[-_]/)[0]!;
  if (!/^[a-z]{2,8}$/.test(base)) return base;
  return BIBLIOGRAPHIC[base] ?? Intl.getCanonicalLocales(base)[0]!;
}

/** ISO 639-2 codes taken from a language's English name; Intl knows only those taken from its own. */
const BIBLIOGRAPHIC: Readonly<Record<string, string>> = {
  alb: "sq",
  arm: "hy",
  baq: "eu",
  bur: "my",
  chi: "zh",
  cze: "cs",
  dut: "nl",
  fre: "fr",
  geo: "ka",
  ger: "de",
  gre: "el",
  ice: "is",
  mac: "mk",
  may: "ms",
  per: "fa",
  rum: "ro",
  slo: "sk",
  tib: "bo",
  wel: "cy",
};
