/** Waiting times between attempts to reach the hub again. */

const FIRST_MS = 500;
const LONGEST_MS = 15_000;

/**
 * Milliseconds before attempt `attempt` (from 0): doubling up to 15 s. `random` (0…1) spreads the browsers of a house,
 * so that they do not all return in the same instant when the hub does.
 */
export function retryDelayMs(attempt: number, random: number): number {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 10));
  return Math.round(ceiling * (0.5 + random / 2));
}
