import type Hls from "hls.js";
import type { ErrorData, HlsConfig, Level } from "hls.js";
import { isCopy, shortSide, soundStream, type Quality } from "../lib/levels";
import { remember, remembered } from "../state/storage";
import type { Engine, EngineListener, Sound } from "./engine";

/** What a home's network carries, until it has been measured. */
const USUAL_BPS = 20_000_000;
/** More is of no use to any rendition, and a loopback's figure would only mislead a later visit from outside. */
const MOST_BPS = 50_000_000;
/** A decoder that stumbles again so soon after being set up anew will not get further. */
const MEDIA_RETRY_MS = 10_000;
/** How long before a refused request is believed, in seconds, when the hub does not say. */
const BUSY_S = 5;

type Library = typeof Hls;
let loading: Promise<Library> | null = null;

/** The library, a chunk of its own: who plays files as they are never loads it. */
export function loadHls(): Promise<Library> {
  loading ??= import("hls.js").then(
    (module) => module.default,
    (error: unknown) => {
      loading = null; // the hub was away: the next attempt asks again
      throw error;
    },
  );
  return loading;
}

/** Safari plays HLS by itself, saves battery by it and sends it to television sets. */
export function playsHlsNatively(element: HTMLVideoElement): boolean {
  return navigator.vendor.startsWith("Apple") && element.canPlayType("application/vnd.apple.mpegurl") !== "";
}

/** Segments by hls.js over media source extensions. */
export class HlsEngine implements Engine {
  readonly kind = "hls";
  qualities: readonly Quality[] = [];
  sounds: readonly Sound[] = [];
  resumes = false;

  #hls: Hls | null = null;
  #Hls: Library | null = null;
  #destroyed = false;
  #wanted: Quality | null = null;
  #recoveredAtMs = -Infinity;

  constructor(
    private readonly element: HTMLVideoElement,
    private readonly listener: EngineListener,
    /** Which of the renditions to begin with, asked once they are known. */
    private readonly choose: (qualities: readonly Quality[]) => Quality | null,
    private readonly chooseSound: (sounds: readonly Sound[]) => Sound | null,
  ) {}

  get shown(): Quality | null {
    return this.qualities[this.#hls?.currentLevel ?? -1] ?? null;
  }

  get bandwidth(): number {
    return this.#hls && this.shown ? this.#hls.bandwidthEstimate : 0;
  }

  async load(url: string, startS: number): Promise<void> {
    let Hls: Library;
    try {
      Hls = await loadHls();
    } catch {
      if (!this.#destroyed) this.listener.trouble({ kind: "unreachable" });
      return;
    }
    if (this.#destroyed) return;
    this.#Hls = Hls;
    const hls = new Hls(this.#config(startS));
    this.#hls = hls;
    hls.on(Hls.Events.MANIFEST_PARSED, () => this.#onManifest(hls));
    hls.on(Hls.Events.AUDIO_TRACKS_UPDATED, () => this.#onSounds(hls));
    hls.on(Hls.Events.LEVEL_SWITCHED, () => this.listener.changed());
    hls.on(Hls.Events.ERROR, (_name, data) => this.#onError(hls, data));
    hls.attachMedia(this.element);
    hls.loadSource(url);
    this.resumes = true;
  }

  resume(): void {
    this.#hls?.startLoad(this.#hls.media?.currentTime ?? -1);
  }

  setQuality(quality: Quality | null): void {
    this.#wanted = quality;
    // What is buffered beyond the segment being shown is thrown away, so that the choice is seen within seconds.
    if (this.#hls) this.#hls.nextLevel = quality?.id ?? -1;
    this.listener.changed();
  }

  setSound(sound: Sound): void {
    if (this.#hls) this.#hls.audioTrack = sound.id;
  }

  destroy(): void {
    this.#destroyed = true;
    this.resumes = false;
    if (this.bandwidth > 0) remember("bandwidth", String(Math.round(Math.min(MOST_BPS, this.bandwidth))));
    this.#hls?.destroy();
    this.#hls = null;
  }

  #config(startPosition: number): Partial<HlsConfig> {
    const known = Number(remembered("bandwidth"));
    const { fragLoadPolicy, playlistLoadPolicy } = this.#Hls!.DefaultConfig;
    // A segment may have to be made first, and a rendition that cannot be made is left for another one soon.
    const patience = { maxTimeToFirstByteMs: 30_000, errorRetry: { maxNumRetry: 2, retryDelayMs: 500, maxRetryDelayMs: 4_000 } };
    return {
      startPosition,
      startLevel: -1,
      testBandwidth: false,
      abrEwmaDefaultEstimate: known > 0 ? known : USUAL_BPS,
      capLevelToPlayerSize: true,
      maxBufferLength: 30,
      maxMaxBufferLength: 60,
      backBufferLength: 60,
      startFragPrefetch: true,
      // Segments are MP4 already: there is nothing to convert that would be worth a thread.
      enableWorker: false,
      lowLatencyMode: false,
      enableInterstitialPlayback: false,
      // Captions are the page's own.
      renderTextTracksNatively: false,
      enableWebVTT: false,
      enableIMSC1: false,
      enableCEA708Captions: false,
      enableID3MetadataCues: false,
      enableEmsgMetadataCues: false,
      enableDateRangeMetadataCues: false,
      fragLoadPolicy: { default: { ...fragLoadPolicy.default, ...patience } },
      playlistLoadPolicy: { default: { ...playlistLoadPolicy.default, ...patience } },
      xhrSetup: (xhr, url) => {
        const open = (address: string) => xhr.open("GET", address, true);
        const address = this.listener.address(url);
        return typeof address === "string" ? open(address) : address.then(open);
      },
    };
  }

  #onManifest(hls: Hls): void {
    this.qualities = hls.levels.map(quality);
    this.#wanted = this.choose(this.qualities);
    if (this.#wanted) {
      hls.startLevel = this.#wanted.id;
      hls.loadLevel = this.#wanted.id;
    }
    this.listener.changed();
  }

  #onSounds(hls: Hls): void {
    this.sounds = hls.audioTracks.map(({ id, url }) => ({ id, stream: soundStream(url) }));
    const wanted = this.chooseSound(this.sounds);
    if (wanted && hls.audioTrack !== wanted.id) hls.audioTrack = wanted.id;
    this.listener.changed();
  }

  #onError(hls: Hls, data: ErrorData): void {
    const status = data.response?.code ?? 0;
    const isNetwork = data.type === this.#Hls!.ErrorTypes.NETWORK_ERROR;
    const retryAfter = isNetwork && (status === 503 || status === 429) ? retryAfterS(data) : null;
    if (retryAfter !== null) {
      hls.stopLoad(); // else it would ask again by a clock of its own
      return this.listener.trouble({ kind: "busy", retryAfterS: retryAfter });
    }
    if (isNetwork && (status === 401 || status === 403)) {
      hls.stopLoad();
      return this.listener.trouble({ kind: "refused" });
    }
    if (!data.fatal) return;
    if (isNetwork) {
      // A playlist that never came cannot be resumed.
      this.resumes = hls.levels.length > 0;
      return this.listener.trouble({ kind: "unreachable" });
    }
    const isMedia = data.type === this.#Hls!.ErrorTypes.MEDIA_ERROR;
    if (isMedia && hls.levels.length > 0 && performance.now() - this.#recoveredAtMs > MEDIA_RETRY_MS) {
      this.#recoveredAtMs = performance.now();
      return hls.recoverMediaError();
    }
    this.resumes = false;
    this.listener.trouble({ kind: "undecodable", wholly: hls.levels.length === 0 });
  }
}

function quality(level: Level, id: number): Quality {
  return {
    id,
    height: shortSide(level.width, level.height),
    bitrate: level.maxBitrate,
    frameRate: level.frameRate ?? 0,
    isOriginal: level.url.some(isCopy),
  };
}

/** Seconds of the answer's Retry-After (RFC 9110 §10.2.3), or null when it is not about patience. */
function retryAfterS(data: ErrorData): number | null {
  const answer: unknown = data.networkDetails;
  if (!(answer instanceof XMLHttpRequest)) return null;
  const header = answer.getResponseHeader("Retry-After");
  if (header === null) return null;
  const seconds = Number(header);
  return Number.isFinite(seconds) && seconds > 0 ? seconds : BUSY_S;
}
