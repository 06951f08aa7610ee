/** Arithmetic of the seek bar. */

export interface Span {
  start: number;
  end: number;
}

export interface ChapterSpan {
  readonly start_s: number;
  readonly title: string;
}

/** Buffered time ranges as fractions of the whole. */
export function bufferedFractions(ranges: readonly Span[], durationS: number): Span[] {
  if (!(durationS > 0)) return [];
  return ranges.map(({ start, end }) => ({ start: fraction(start, durationS), end: fraction(end, durationS) }));
}

export function fraction(value: number, of: number): number {
  return of > 0 ? Math.min(1, Math.max(0, value / of)) : 0;
}

/** The chapter under `timeS`: the last that has begun. */
export function chapterAt<T extends ChapterSpan>(chapters: readonly T[], timeS: number): T | null {
  return chapters.findLast((chapter) => chapter.start_s <= timeS + 0.01) ?? null;
}

/** Places of the chapter marks, as fractions; none for a chapter that begins with the video. */
export function chapterMarks(chapters: readonly ChapterSpan[], durationS: number): number[] {
  return chapters.filter((chapter) => chapter.start_s > 0.5 && chapter.start_s < durationS).map((chapter) => chapter.start_s / durationS);
}
