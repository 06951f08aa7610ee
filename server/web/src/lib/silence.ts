/**
 * Notices that nothing has been heard for too long.
 *
 * A connection whose cable was pulled, or whose other side lost its power, looks open for many minutes; only silence
 * tells. Counting begins with the first `heard`.
 */
export class SilenceWatch {
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly longestMs: number,
    private readonly onsilence: () => void,
  ) {}

  heard(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.onsilence, this.longestMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
