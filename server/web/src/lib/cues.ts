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

/** The track to show for a choice remembered as a language: that very tag, else one of the same base language. */
export function trackFor<T extends { readonly lang: string }>(tracks: readonly T[], lang: string | null): T | null {
  if (lang === null) return null;
  const base = (tag: string) => tag.toLowerCase().split("-")[0];
  return tracks.find((track) => track.lang === lang) ?? tracks.find((track) => base(track.lang) === base(lang)) ?? null;
}
