/** A wait that stands still while there is a reason to hold it, and begins anew once the last reason has gone. */
export class Countdown<Reason extends string> {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #held = new Set<Reason>();

  constructor(
    private readonly lengthMs: number,
    private readonly onend: () => void,
  ) {
    this.#begin();
  }

  hold(reason: Reason): void {
    this.#held.add(reason);
    clearTimeout(this.#timer);
  }

  release(reason: Reason): void {
    if (this.#held.delete(reason) && this.#held.size === 0) this.#begin();
  }

  stop(): void {
    this.#held.clear();
    clearTimeout(this.#timer);
  }

  #begin(): void {
    this.#timer = setTimeout(this.onend, this.lengthMs);
  }
}
