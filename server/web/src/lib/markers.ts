/** Stretches that many skip: which one is being played, and where its end leads. */

export interface MarkerSpan {
  readonly kind: "intro" | "recap" | "credits" | "commercial";
  readonly start_s: number;
  readonly end_s: number;
}

/** Nobody needs a button for what is over before it is pressed. */
const WORTH_SKIPPING_S = 3;

/** The stretch at `timeS`, when enough of it is left; the shorter of two that overlap. */
export function skippable<T extends MarkerSpan>(markers: readonly T[], timeS: number): T | null {
  const here = markers.filter((marker) => marker.start_s <= timeS && timeS < marker.end_s - WORTH_SKIPPING_S);
  return here.sort((a, b) => a.end_s - a.start_s - (b.end_s - b.start_s))[0] ?? null;
}
