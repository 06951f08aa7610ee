/** Beyond this a measured gain is more likely wrong than wanted, and louder noise than film. */
const MOST_DB = 12;

/** The factor on samples that a gain in decibels means; 1 for none. */
export function gainFactor(gainDb: number | null): number {
  if (gainDb === null || !Number.isFinite(gainDb)) return 1;
  return 10 ** (Math.min(MOST_DB, Math.max(-MOST_DB, gainDb)) / 20);
}
