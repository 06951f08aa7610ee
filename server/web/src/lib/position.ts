/**
 * Decides when the position in a video is worth sending, and sends it.
 *
 * Every 10 s while playing, and at once on pause, seek, end and leaving. A send that fails is kept, with the moment it
 * was measured (so that an older one loses at the hub), and goes out with the next; only the newest is kept.
 */

export interface PositionReport {
  position_s: number;
  /** When it was measured; given only when it is sent late, so that a clock that is off does no harm otherwise. */
  at?: string;
}

export interface PositionSink {
  /** Resolves when the hub has it. `leaving`: the page may be gone before the answer. */
  send(report: PositionReport, leaving: boolean): Promise<void>;
  /** Milliseconds since the epoch. */
  now(): number;
}

export const SAVE_EVERY_MS = 10_000;
/** Less than this was not watched: opening a video by mistake does not put it among those begun. */
const WORTH_KEEPING_S = 2;

/** This near to the end there is nothing left to go on with. */
const NOTHING_LEFT_S = 1;

/** Where playback begins when the hub says `toldS`: there, or at 0 when that is within the last second. */
export function resumeAt(toldS: number, durationS: number | null): number {
  if (!(toldS > 0)) return 0;
  const known = durationS !== null && Number.isFinite(durationS) && durationS > 0;
  return known && toldS >= durationS - NOTHING_LEFT_S ? 0 : toldS;
}

/** The place in `kept`, if that is the record of the video `id` having been paused (`{id, timeS}` as JSON), or null. */
export function pausedAt(kept: string | null, id: string): number | null {
  if (kept === null) return null;
  const record = JSON.parse(kept) as { id: string; timeS: number };
  return record.id === id && record.timeS >= 0 ? record.timeS : null;
}

export class PositionSaver {
  #sink: PositionSink;
  #savedS: number;
  #savedAtMs: number;
  #unsent: { position_s: number; measuredMs: number } | null = null;
  #sending = false;

  constructor(sink: PositionSink, startS: number) {
    this.#sink = sink;
    this.#savedS = startS;
    this.#savedAtMs = sink.now();
  }

  /** Playback is at `positionS`; call as often as convenient. */
  tick(positionS: number): void {
    if (this.#sink.now() - this.#savedAtMs >= SAVE_EVERY_MS) this.save(positionS);
  }

  /** Send now, unless the hub already has this position. */
  save(positionS: number, leaving = false): void {
    if (!Number.isFinite(positionS)) return;
    if (positionS < WORTH_KEEPING_S && this.#savedS < WORTH_KEEPING_S) return;
    if (Math.abs(positionS - this.#savedS) < 0.25 && this.#unsent === null) return;
    this.#unsent = { position_s: Math.round(positionS * 1000) / 1000, measuredMs: this.#sink.now() };
    this.#savedAtMs = this.#sink.now();
    // A send under way finishes first, so that an older one cannot arrive last; leaving cannot wait.
    if (!this.#sending || leaving) void this.#flush(leaving);
  }

  /** The hub can be reached again: send what it could not take. */
  retry(): void {
    if (this.#unsent !== null && !this.#sending) void this.#flush(false);
  }

  async #flush(leaving: boolean): Promise<void> {
    this.#sending = true;
    try {
      while (this.#unsent !== null) {
        const report = this.#unsent;
        const late = this.#sink.now() - report.measuredMs > 1_000;
        try {
          await this.#sink.send(
            late ? { position_s: report.position_s, at: new Date(report.measuredMs).toISOString() } : { position_s: report.position_s },
            leaving,
          );
        } catch {
          return; // kept in #unsent: the next tick or save takes it along
        }
        this.#savedS = report.position_s;
        if (this.#unsent === report) this.#unsent = null;
      }
    } finally {
      this.#sending = false;
    }
  }
}
