import { api } from "../api/client";
import { ApiError } from "../api/errors";
import type { Playback as PlayDecision, VideoDetail } from "../api/types";
import { retryDelayMs } from "../lib/backoff";
import { browserCapabilities, silentCodec, without } from "../lib/caps";
import { formatName, stumblingBlock } from "../lib/formats";
import { pausedAt, PositionSaver, resumeAt } from "../lib/position";
import { isSamePlace, withToken, tokenOf } from "../lib/mediaUrl";
import { keepForTab, takeForTab } from "../state/storage";
import { texts } from "../texts";
import { Choices, type Source } from "./choices.svelte";
import { DirectEngine } from "./directEngine";
import type { Engine, Trouble } from "./engine";
import { HlsEngine, loadHls, playsHlsNatively } from "./hlsEngine";

export interface Failure {
  kind: "decode" | "nopicture" | "gone";
  title: string;
  text: string;
  reasons: readonly string[];
}

/** Attempts without a second of progress in between, before a file that breaks off is called unplayable. */
const DECODE_ATTEMPTS = 2;
/** Attempts without progress although the hub answers: so often a source is asked to go on, then begun anew, then given up. */
const RESUME_AT_MOST = 2;
const GIVE_UP_AFTER = 6;
/** So long before its end a token is exchanged. */
const RENEW_BEFORE_MS = 60_000;
/** Where the place of a paused video is kept while the tab reloads. */
const PAUSED_KEY = "paused";

/**
 * One video being played: where its bytes come from, and how it goes on when they stop coming.
 *
 * An address holds a token that expires. Whatever breaks, `/play` is asked again and playback goes on at the same
 * place; only when the hub says no, or the bytes arrive and cannot be decoded in any way it offers, is it over.
 */
export class Playback {
  readonly detail: VideoDetail;
  readonly choices: Choices;
  decision = $state.raw<PlayDecision | null>(null);
  failure = $state.raw<Failure | null>(null);
  /** The hub cannot be reached; playback waits for it. */
  lost = $state(false);
  /** The hub converts for others and said when to ask again, in milliseconds since the epoch. */
  busyUntilMs = $state<number | null>(null);
  resumedAtS = $state<number | null>(null);
  pictureless = $state(false);
  /** What of the file is not heard although the rest plays; empty when there is nothing to say. */
  lacking = $state("");
  /** How the bytes come now. */
  kind = $state.raw<Source["kind"] | null>(null);
  readonly saver: PositionSaver;
  engine: Engine | null = null;

  #element: HTMLVideoElement;
  #stopped = new AbortController();
  #caps = "";
  /** Containers and codecs that were said to play and did not. */
  #failed = new Set<string>();
  #url = "";
  #token: string | null = null;
  #expiresAtMs = Infinity;
  #renewing: Promise<void> | null = null;
  #startAtS = 0;
  /** Whether the person wants it to play: a browser pauses by itself when the bytes stop coming. */
  #playOn = true;
  #attempt = 0;
  /** Addresses that were given and led to nothing, one after the other. */
  #inVain = 0;
  /** Requests put off by the hub, one after the other. */
  #refused = 0;
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
    this.choices = new Choices(detail);
    this.#element = element;
    this.#onPlay = play;
    this.saver = new PositionSaver(
      { send: (report, leaving) => api.savePosition(detail.id, report, leaving), now: () => Date.now() },
      detail.position_s,
    );
    const on = (name: string, handler: () => void) => element.addEventListener(name, handler, { signal: this.#stopped.signal });
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
    this.engine?.destroy();
    this.engine = null;
  }

  /** The person chose subtitles that are pictures, or none of them any more. */
  burn(stream: number | null): void {
    if (this.choices.burn === stream) return;
    this.choices.burn = stream;
    this.#attempt = 0;
    void this.#recover(true);
  }

  /** The person chose other pictures or other sound. */
  chosen(): void {
    if (!this.decision || !this.engine || this.#recovering) return;
    const source = this.choices.source(this.decision);
    if (source.kind === this.kind && isSamePlace(source.url, this.#url)) return this.choices.apply(this.engine);
    this.#leave();
    this.#load(this.decision);
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
    this.#inVain = 0;
    this.#decodeFailures = 0;
    this.#failedAtS = -1;
    this.#failed.clear();
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
    const pictureMissing = this.detail.video_codec !== null && element.videoWidth === 0;
    if (pictureMissing && !this.pictureless) {
      if (this.#avoid(this.detail.video_codec)) return void this.#recover();
      element.pause();
      this.failure = {
        kind: "nopicture",
        title: texts.player.noPictureTitle(formatName(this.detail.video_codec ?? "")),
        text: texts.player.noPicture,
        reasons: this.decision?.reasons ?? [],
      };
    }
    this.#sayWhatIsSilent();
  }

  #sayWhatIsSilent(): void {
    if (this.#saidSilent || this.kind !== "direct") return; // a fresh address of the same file is no news
    this.#saidSilent = true;
    const silent = silentCodec(this.detail.streams, this.#caps);
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
    this.#inVain = 0;
    this.#refused = 0;
    if (this.#element.currentTime > this.#failedAtS + 1) this.#decodeFailures = 0;
    this.saver.tick(this.#element.currentTime);
  }

  #onTrouble(trouble: Trouble): void {
    if (this.#stopped.signal.aborted || !this.decision) return;
    if (trouble.kind === "busy") return void this.#waitForHub(trouble.retryAfterS);
    if (trouble.kind !== "undecodable") {
      if (++this.#inVain <= GIVE_UP_AFTER) return void this.#recover(this.#inVain > RESUME_AT_MOST);
      this.failure = { kind: "gone", title: texts.watch.failedTitle, text: texts.player.notServed, reasons: this.decision.reasons };
      return;
    }
    this.#failedAtS = this.#element.currentTime;
    if (!trouble.wholly && ++this.#decodeFailures < DECODE_ATTEMPTS) return void this.#recover();
    const { container, video_codec } = this.detail;
    if (this.kind === "direct" && this.#avoid(trouble.wholly ? container : video_codec)) return void this.#recover();
    this.failure = {
      kind: "decode",
      title: texts.player.cannotDecodeTitle(stumblingBlock(this.detail, this.#caps)),
      text: texts.player.cannotDecode,
      reasons: this.decision.reasons,
    };
  }

  /** Do not ask for `part` of the file as it is again. False when that has been tried, or the hub converts nothing. */
  #avoid(part: string | null): boolean {
    if (part === null || this.#failed.has(part) || this.decision?.hls_url === null) return false;
    this.#failed.add(part);
    this.#decodeFailures = 0;
    return true;
  }

  /** The hub has no room for another conversion: go on after as long as it says; asked twice in vain, by another way. */
  async #waitForHub(seconds: number): Promise<void> {
    if (this.busyUntilMs !== null) return;
    this.busyUntilMs = Date.now() + seconds * 1000;
    await this.#pause(seconds * 1000);
    this.busyUntilMs = null;
    if (this.#stopped.signal.aborted) return;
    if (this.engine?.resumes && this.#refused++ === 0) this.engine.resume();
    else await this.#recover(true);
  }

  #isExpired(): boolean {
    return this.decision !== null && this.#expiresAtMs <= Date.now();
  }

  /** Ask for an address (afresh) and go on where playback was, however long it takes to reach the hub. */
  async #recover(anew = false): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    if (!this.engine?.resumes || anew) this.#leave();
    while (!this.#stopped.signal.aborted) {
      if (this.#attempt++ > 0) await this.#pause(retryDelayMs(this.#attempt - 2, Math.random()));
      if (this.#stopped.signal.aborted) break;
      try {
        this.#caps ||= await this.#measure();
        this.#load(await this.#ask());
        break;
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        if (error.status === 503 && error.retryAfterS !== null) {
          this.busyUntilMs = Date.now() + error.retryAfterS * 1000;
          await this.#pause(error.retryAfterS * 1000);
          this.busyUntilMs = null;
          this.#attempt = 0;
          continue;
        }
        this.lost = error.isNetwork || error.status >= 500 || error.status === 429;
        if (this.lost) continue;
        if (error.status !== 401) this.failure = { kind: "gone", title: texts.watch.failedTitle, text: error.message, reasons: [] };
        break;
      }
    }
    this.#asking = false;
  }

  async #measure(): Promise<string> {
    const caps = await browserCapabilities();
    const { container, video_codec, audio_codec } = this.detail;
    const isPlain = [container, video_codec, audio_codec].every((part) => part === null || caps.split(",").includes(part));
    // The answer of the hub will be segments, most likely: what reads them comes at the same time.
    if (!isPlain) loadHls().catch(() => {}); // asked for again by whoever needs it
    return caps;
  }

  /** Note where playback is: what comes next begins there. */
  #leave(): void {
    if (!this.#recovering && this.decision) this.#startAtS = this.#element.currentTime;
    this.#recovering = true;
  }

  #load(decision: PlayDecision): void {
    if (this.#stopped.signal.aborted) return;
    if (this.decision === null && !this.#soughtEarly) {
      this.#resumeFrom(this.#pausedAtS ?? resumeAt(decision.resume_position_s, this.detail.duration_s));
    }
    const source = this.choices.source(decision);
    this.#token = tokenOf(source.url);
    this.#expiresAtMs = Date.parse(decision.expires_at);
    this.lost = false;
    if (!this.#recovering && this.engine?.resumes && source.kind === this.kind && isSamePlace(source.url, this.#url)) return this.engine.resume();
    this.#leave();
    this.decision = decision;
    this.#url = source.url;
    this.kind = source.kind;
    this.engine?.destroy();
    const engine = this.#makeEngine(source.kind);
    this.engine = engine;
    // A source that is set takes back a wish to play that came before it.
    void engine.load(source.url, this.#startAtS).then(() => {
      if (this.engine === engine && this.#playOn) void this.#onPlay();
    });
  }

  #makeEngine(kind: Source["kind"]): Engine {
    const listener = {
      trouble: (trouble: Trouble) => this.#onTrouble(trouble),
      changed: () => this.engine && this.choices.read(this.engine),
      address: (url: string) => this.#address(url),
    };
    this.choices.shown = null;
    if (kind === "direct" || playsHlsNatively(this.#element)) return new DirectEngine(kind, this.#element, listener);
    return new HlsEngine(this.#element, listener, this.choices.quality, this.choices.sound);
  }

  /** The address for a request made now: its token is renewed shortly before it ends. */
  #address(url: string): string | Promise<string> {
    if (Date.now() < this.#expiresAtMs - RENEW_BEFORE_MS) return withToken(url, this.#token);
    this.#renewing ??= this.#renew().finally(() => (this.#renewing = null));
    return this.#renewing.then(() => withToken(url, this.#token));
  }

  #ask(): Promise<PlayDecision> {
    return api.play(this.detail.id, without(this.#caps, this.#failed), this.choices.burn);
  }

  async #renew(): Promise<void> {
    try {
      const decision = await this.#ask();
      this.#token = tokenOf(decision.url);
      this.#expiresAtMs = Date.parse(decision.expires_at);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error; // the request shows by its own answer whether the old one is good
    }
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
