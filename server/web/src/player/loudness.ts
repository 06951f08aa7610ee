import { gainFactor } from "../lib/gain";
import { playsHlsNatively } from "./hlsEngine";

/**
 * Brings a film to the common loudness.
 *
 * An element whose sound goes through an audio context falls silent while the context may not play, which browsers
 * allow only after a press. So it is led through one only when that runs; until then the film is as loud as it is.
 */
export class Loudness {
  #element: HTMLVideoElement;
  #context: AudioContext | null = null;
  #gain: GainNode | null = null;
  #factor = 1;
  #stopped = new AbortController();

  constructor(element: HTMLVideoElement) {
    this.#element = element;
    element.addEventListener("playing", () => void this.#connect(), { signal: this.#stopped.signal });
  }

  /** `gainDb`: as measured by the hub; null: leave it as it is. */
  set(gainDb: number | null): void {
    this.#factor = gainFactor(gainDb);
    // In a tenth of a second, so that nothing clicks.
    if (this.#gain && this.#context) this.#gain.gain.setTargetAtTime(this.#factor, this.#context.currentTime, 0.03);
    else void this.#connect();
  }

  stop(): void {
    this.#stopped.abort();
    void this.#context?.close();
  }

  async #connect(): Promise<void> {
    if (this.#factor === 1 || this.#context || this.#element.paused) return;
    // Safari's own HLS is silent behind an audio context.
    if (!navigator.userActivation?.hasBeenActive || playsHlsNatively(this.#element)) return;
    const context = new AudioContext({ latencyHint: "playback" });
    this.#context = context;
    await context.resume().catch(() => {}); // what became of it is told by its state
    if (this.#stopped.signal.aborted) return;
    if (context.state !== "running") {
      this.#context = null;
      return void context.close();
    }
    this.#gain = new GainNode(context, { gain: this.#factor });
    context.createMediaElementSource(this.#element).connect(this.#gain).connect(context.destination);
  }
}
