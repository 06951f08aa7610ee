import { RATES } from "../lib/keyboard";
import type { Span } from "../lib/ranges";
import { remember, remembered } from "../state/storage";

/** Shorter waits are not worth a spinner. */
const STALL_SHOWN_AFTER_MS = 400;

function rememberedVolume(): number {
  const volume = Number(remembered("volume") ?? "1");
  return volume >= 0 && volume <= 1 ? volume : 1;
}

function rememberedRate(): number {
  const kept = Number(remembered("rate"));
  return RATES.find((rate) => rate === kept) ?? 1;
}

/** A media element's state as the controls show it, and what they can ask of it. */
export class Media {
  paused = $state(true);
  ended = $state(false);
  seeking = $state(false);
  /** Playback waits for bytes, and has done so for long enough to say it. */
  stalled = $state(false);
  /** The browser wants a press before it makes a sound. */
  blocked = $state(false);
  time = $state(0);
  duration = $state(0);
  buffered = $state.raw<Span[]>([]);
  volume = $state(rememberedVolume());
  muted = $state(remembered("muted") === "yes");
  rate = $state(rememberedRate());
  /** Width to height of the picture as it is shown; null until known, or without a picture. */
  ratio = $state<number | null>(null);

  #element: HTMLVideoElement | null = null;
  #stallTimer = 0;
  #frame = 0;
  #knownDurationS: number;
  #onSeek: (targetS: number) => void;

  /** `knownDurationS`: the length the hub knows, 0 if none. `onSeek` is told where the reader wants to be, at once. */
  constructor(knownDurationS: number, onSeek: (targetS: number) => void) {
    this.#knownDurationS = knownDurationS;
    this.#onSeek = onSeek;
  }

  attach(element: HTMLVideoElement): () => void {
    this.#element = element;
    element.volume = this.volume;
    element.muted = this.muted;
    element.defaultPlaybackRate = this.rate;
    element.playbackRate = this.rate;
    const stop = new AbortController();
    const on = (names: string, handler: () => void) => {
      for (const name of names.split(" ")) element.addEventListener(name, handler, { signal: stop.signal });
    };
    on("play pause ended emptied", () => this.#readFlags());
    on("playing", () => (this.blocked = false));
    on("seeking seeked", () => {
      this.#readFlags();
      this.#readTime();
    });
    on("timeupdate durationchange loadedmetadata", () => this.#readTime());
    on("progress seeked loadeddata emptied", () => this.#readBuffered());
    on("waiting stalled seeking loadstart", () => this.#mayStall());
    on("playing canplay seeked pause error emptied timeupdate", () => this.#flows());
    on("volumechange", () => this.#readVolume());
    on("ratechange", () => (this.rate = element.playbackRate));
    return () => {
      stop.abort();
      clearTimeout(this.#stallTimer);
      cancelAnimationFrame(this.#frame);
      this.#element = null;
    };
  }

  #readFlags(): void {
    const element = this.#element!;
    this.paused = element.paused;
    this.ended = element.ended;
    this.seeking = element.seeking;
    this.#follow();
  }

  #readTime(): void {
    const element = this.#element!;
    this.time = element.currentTime;
    this.duration = Number.isFinite(element.duration) ? element.duration : 0;
    this.ratio = element.videoHeight > 0 ? element.videoWidth / element.videoHeight : null;
  }

  /** `timeupdate` comes four times a second; a bar that moves only then limps. */
  #follow(): void {
    cancelAnimationFrame(this.#frame);
    if (this.paused) return;
    const step = () => {
      if (!this.#element || this.#element.paused) return;
      this.time = this.#element.currentTime;
      this.#frame = requestAnimationFrame(step);
    };
    this.#frame = requestAnimationFrame(step);
  }

  #readBuffered(): void {
    const ranges = this.#element!.buffered;
    this.buffered = Array.from({ length: ranges.length }, (_, i) => ({ start: ranges.start(i), end: ranges.end(i) }));
  }

  #readVolume(): void {
    const element = this.#element!;
    this.volume = element.volume;
    this.muted = element.muted;
    remember("volume", String(element.volume));
    remember("muted", element.muted ? "yes" : null);
  }

  #mayStall(): void {
    this.#stallTimer ||= window.setTimeout(() => {
      this.#stallTimer = 0;
      const element = this.#element;
      this.stalled = element !== null && element.error === null && element.readyState < HTMLMediaElement.HAVE_FUTURE_DATA;
    }, STALL_SHOWN_AFTER_MS);
  }

  #flows(): void {
    const element = this.#element!;
    if (element.seeking || (element.readyState < HTMLMediaElement.HAVE_FUTURE_DATA && !element.error && !element.paused)) return;
    clearTimeout(this.#stallTimer);
    this.#stallTimer = 0;
    this.stalled = false;
  }

  async play(): Promise<void> {
    try {
      await this.#element?.play();
    } catch (error) {
      // AbortError: a pause or another source came first. What cannot be played at all is told by the error event.
      if (error instanceof DOMException && error.name === "NotAllowedError") this.blocked = true;
    }
  }

  pause(): void {
    this.#element?.pause();
  }

  toggle(): void {
    if (this.paused) void this.play();
    else this.pause();
  }

  /** What is on the screen now: pixels, and frames since this source began. */
  frames(): { width: number; height: number; shown: number; dropped: number } {
    const quality = this.#element?.getVideoPlaybackQuality();
    return {
      width: this.#element?.videoWidth ?? 0,
      height: this.#element?.videoHeight ?? 0,
      shown: quality?.totalVideoFrames ?? 0,
      dropped: quality?.droppedVideoFrames ?? 0,
    };
  }

  /** Seconds that have come and are still to be played without a gap. */
  get aheadS(): number {
    const span = this.buffered.find(({ start, end }) => start <= this.time + 0.1 && this.time < end);
    return span ? span.end - this.time : 0;
  }

  /** How long it is by the file itself or, until that has come, by the hub; 0 when neither knows. */
  get lengthS(): number {
    return this.duration || this.#knownDurationS;
  }

  seek(timeS: number): void {
    if (!this.#element || this.lengthS === 0) return;
    const target = Math.min(this.lengthS, Math.max(0, timeS));
    this.time = target;
    this.#onSeek(target);
    if (this.duration > 0) this.#element.currentTime = target;
  }

  seekBy(seconds: number): void {
    this.seek(this.time + seconds);
  }

  setVolume(volume: number): void {
    if (!this.#element) return;
    this.#element.volume = Math.round(Math.min(1, Math.max(0, volume)) * 100) / 100;
    this.#element.muted = this.#element.volume === 0;
    this.#readVolume(); // the event comes later, and the next press of a held key reckons from here
  }

  toggleMute(): void {
    if (!this.#element) return;
    if (this.#element.volume === 0) this.setVolume(0.5);
    else this.#element.muted = !this.#element.muted;
    this.#readVolume();
  }

  setRate(rate: number): void {
    if (!this.#element) return;
    this.#element.defaultPlaybackRate = rate; // what a fresh source begins with
    this.#element.playbackRate = rate;
    this.rate = rate;
    remember("rate", rate === 1 ? null : String(rate));
  }
}
