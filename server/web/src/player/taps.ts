/** Touches on the picture: one shows or hides the controls, two on a side skip, further ones there skip on. */

const DOUBLE_TAP_MS = 320;
const SKIP_S = 10;

export interface TapTarget {
  reveal(): void;
  skip(seconds: number): void;
}

export class Taps {
  #target: TapTarget;
  #lastAtMs = -Infinity;
  #lastSide: -1 | 0 | 1 = 0;

  constructor(target: TapTarget) {
    this.#target = target;
  }

  /** A tap `xPx` from the left edge of a picture `widthPx` wide. */
  tap(xPx: number, widthPx: number, atMs: number): void {
    const share = xPx / widthPx;
    const side = share < 0.35 ? -1 : share > 0.65 ? 1 : 0;
    const again = side !== 0 && side === this.#lastSide && atMs - this.#lastAtMs < DOUBLE_TAP_MS;
    this.#lastAtMs = atMs;
    this.#lastSide = side;
    if (again) this.#target.skip(side * SKIP_S);
    else this.#target.reveal();
  }
}
