import { api } from "../api/client";
import { ApiError } from "../api/errors";
import type { Playback as PlayDecision, VideoDetail } from "../api/types";
import { retryDelayMs } from "../lib/backoff";
import { browserCapabilities, silentCodec } from "../lib/caps";
import { formatName, stumblingBlock } from "../lib/formats";
import { pausedAt, PositionSaver, resumeAt } from "../lib/position";
import { keepForTab, takeForTab } from "../state/storage";
import { texts } from "../texts";

export interface Failure {
  kind: "decode" | "nopicture" | "gone";
  title: string;
  text: string;
  reasons: readonly string[];
}

/** Attempts without a second of progress in between, before a file that breaks off is called unplayable. */
const DECODE_ATTEMPTS = 2;
/** Where the place of a paused video is kept while the tab reloads. */
const PAUSED_KEY = "paused";

/**
 * One video being played: where its bytes come from, and how it goes on when they stop coming.
 *
 * An address holds a token that expires. Whatever breaks, `/play` is asked again and playback goes on at the same
 * place; only when the hub says no, or the bytes arrive and cannot be decoded, is it over.
 */
export class Playback {
  readonly detail: VideoDetail;
  decision = $state.raw<PlayDecision | null>(null);
  failure = $state.raw<Failure | null>(null);
  /** The hub cannot be reached; playback waits for it. */
  lost = $state(false);
  resumedAtS = $state<number | null>(null);
  pictureless = $state(false);
  /** What of the file is not heard although the rest plays; empty when there is nothing to say. */
  lacking = $state("");
  readonly saver: PositionSaver;
  readonly caps = browserCapabilities();

  #element: HTMLVideoElement;
  #stopped = new AbortController();
  #startAtS = 0;
  /** Whether the person wants it to play: a browser pauses by itself when the bytes stop coming. */
  #playOn = true;
  #attempt = 0;
  #decodeFailures = 0;
  #failedAtS = -1;
  /** True from the loss of the source until the next one has begun: the element's own position means nothing then. */
  #recovering = false;
  #asking = false;
  /** Where this tab had it paused before it was reloaded, or null. */
  #pausedAtS: number | null = null;
  /** The reader has chosen a place before the first source came. */
  #soughtEarly = false;
  #saidSilent = false;
  #wake: () => void = () => {};
  #onPlay: () => Promise<void>;

  constructor(detail: VideoDetail, element: HTMLVideoElement, play: () => Promise<void>) {
    this.detail = detail;
    this.#element = element;
    this.#onPlay = play;
    this.saver = new PositionSaver(
      { send: (report, leaving) => api.savePosition(detail.id, report, leaving), now: () => Date.now() },
      detail.position_s,
    );
    const on = (name: string, handler: () => void) => element.addEventListener(name, handler, { signal: this.#stopped.signal });
    on("error", () => void this.#onError());
    on("loadedmetadata", () => this.#onMetadata());
    on("timeupdate", () => this.#onProgress());
    on("pause", () => this.#onPause());
    on("seeked", () => !this.#recovering && this.saver.save(element.currentTime));
    on("ended", () => this.saver.save(element.duration));
    on("play", () => {
      this.#playOn = true;
      if (this.#isExpired()) void this.#recover();
    });
    const leave = () => document.visibilityState === "hidden" && this.#save(true);
    document.addEventListener("visibilitychange", leave, { signal: this.#stopped.signal });
    const away = () => {
      this.#save(true);
      this.#keepPause();
    };
    addEventListener("pagehide", away, { signal: this.#stopped.signal });
    addEventListener("online", () => this.hubIsBack(), { signal: this.#stopped.signal });
  }

  start(): void {
    this.#pausedAtS = pausedAt(takeForTab(PAUSED_KEY), this.detail.id);
    this.#playOn = this.#pausedAtS === null;
    void this.#recover();
  }

  /** The reader wants to be at `timeS`: that counts more than where a source that is still to come would begin. */
  sought(timeS: number): void {
    this.resumedAtS = null;
    if (!this.#recovering) return;
    this.#startAtS = timeS;
    this.#soughtEarly = true;
  }

  stop(): void {
    this.#save(false);
    this.#stopped.abort();
    this.#wake();
    this.#element.removeAttribute("src");
    this.#element.load(); // lets go of the connection
  }

  #save(leaving: boolean): void {
    if (this.decision && !this.#recovering && this.#element.readyState > 0 && !this.#element.ended) {
      this.saver.save(this.#element.currentTime, leaving);
    }
  }

  /** A tab that reloads a paused video finds it paused at the same place. */
  #keepPause(): void {
    const { paused, ended } = this.#element;
    const isPaused = this.#recovering ? !this.#playOn : paused && !ended;
    if (!isPaused || this.decision === null) return;
    const timeS = this.#recovering ? this.#startAtS : this.#element.currentTime;
    keepForTab(PAUSED_KEY, JSON.stringify({ id: this.detail.id, timeS }));
  }

  /** Play the sound of a file whose picture this browser cannot show. */
  acceptSoundOnly(): void {
    this.failure = null;
    this.pictureless = true;
    void this.#onPlay();
  }

  /** Try once more after a failure. */
  retry(): void {
    this.failure = null;
    this.#attempt = 0;
    this.#decodeFailures = 0;
    this.#failedAtS = -1;
    void this.#recover();
  }

  /** The hub was reached by other means: do not wait longer. */
  hubIsBack(): void {
    this.saver.retry();
    this.#wake();
  }

  #onMetadata(): void {
    const element = this.#element;
    // The file itself knows best how long it is.
    if (this.resumedAtS !== null && this.#startAtS === this.resumedAtS) this.#resumeFrom(resumeAt(this.#startAtS, element.duration));
    if (this.#startAtS > 0) element.currentTime = Math.min(this.#startAtS, Math.max(0, element.duration - 0.5));
    this.#startAtS = 0;
    this.#recovering = false;
    this.#sayWhatIsSilent();
    const pictureMissing = this.detail.video_codec !== null && element.videoWidth === 0;
    if (pictureMissing && !this.pictureless) {
      element.pause();
      this.failure = {
        kind: "nopicture",
        title: texts.player.noPictureTitle(formatName(this.detail.video_codec ?? "")),
        text: texts.player.noPicture,
        reasons: this.decision?.reasons ?? [],
      };
    }
  }

  #sayWhatIsSilent(): void {
    if (this.#saidSilent) return; // a fresh address of the same file is no news
    this.#saidSilent = true;
    const silent = silentCodec(this.detail.streams, this.caps);
    if (silent !== null) this.lacking = texts.player.noSound(formatName(silent));
  }

  #onPause(): void {
    const element = this.#element;
    if (element.error !== null || element.ended || this.#recovering) return;
    this.#playOn = false;
    this.saver.save(element.currentTime);
  }

  #onProgress(): void {
    if (this.#element.paused || this.#recovering) return;
    this.#attempt = 0;
    if (this.#element.currentTime > this.#failedAtS + 1) this.#decodeFailures = 0;
    this.saver.tick(this.#element.currentTime);
  }

  async #onError(): Promise<void> {
    const error = this.#element.error;
    if (!error || !this.decision || this.#stopped.signal.aborted) return;
    if (error.code !== MediaError.MEDIA_ERR_NETWORK && (await this.#bytesArrive())) {
      this.#failedAtS = this.#element.currentTime;
      if (error.code === MediaError.MEDIA_ERR_SRC_NOT_SUPPORTED || ++this.#decodeFailures >= DECODE_ATTEMPTS) {
        this.failure = {
          kind: "decode",
          title: texts.player.cannotDecodeTitle(stumblingBlock(this.detail, this.caps)),
          text: texts.player.cannotDecode,
          reasons: this.decision.reasons,
        };
        return;
      }
    }
    await this.#recover();
  }

  /** Whether the address still yields bytes: then it is the format that is at fault, not the way here. */
  async #bytesArrive(): Promise<boolean> {
    const url = this.decision?.url;
    if (!url) return false;
    try {
      const response = await fetch(url, { headers: { Range: "bytes=0-0" }, cache: "no-store", signal: this.#stopped.signal });
      await response.body?.cancel();
      return response.ok;
    } catch {
      return false; // unreachable or stopped: recovering finds out which
    }
  }

  #isExpired(): boolean {
    return this.decision !== null && Date.parse(this.decision.expires_at) <= Date.now();
  }

  /** Ask for an address (afresh) and go on where playback was, however long it takes to reach the hub. */
  async #recover(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    if (!this.#recovering && this.decision) {
      this.#startAtS = this.#element.currentTime;
    }
    this.#recovering = true;
    while (!this.#stopped.signal.aborted) {
      if (this.#attempt++ > 0) await this.#pause(retryDelayMs(this.#attempt - 2, Math.random()));
      if (this.#stopped.signal.aborted) break;
      try {
        this.#load(await api.play(this.detail.id, this.caps));
        break;
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        this.lost = error.isNetwork || error.status >= 500 || error.status === 429;
        if (this.lost) continue;
        if (error.status !== 401) this.failure = { kind: "gone", title: texts.watch.failedTitle, text: error.message, reasons: [] };
        break;
      }
    }
    this.#asking = false;
  }

  #load(decision: PlayDecision): void {
    if (this.#stopped.signal.aborted) return;
    if (this.decision === null && !this.#soughtEarly) {
      this.#resumeFrom(this.#pausedAtS ?? resumeAt(decision.resume_position_s, this.detail.duration_s));
    }
    this.decision = decision;
    this.lost = false;
    this.#element.src = decision.url;
    if (this.#playOn) void this.#onPlay();
  }

  #resumeFrom(positionS: number): void {
    this.#startAtS = positionS;
    this.resumedAtS = positionS > 0 ? positionS : null;
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, delayMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
