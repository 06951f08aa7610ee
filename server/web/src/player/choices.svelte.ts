import type { Playback as PlayDecision, VideoDetail } from "../api/types";
import { trackFor } from "../lib/cues";
import {
  drawnSubtitles,
  parseWish,
  qualitiesOf,
  qualityFor,
  shortSide,
  soundTracks,
  type DrawnSubtitles,
  type Quality,
  type SoundTrack,
  type Wish,
} from "../lib/levels";
import { remember, remembered } from "../state/storage";
import type { Engine, Sound } from "./engine";

/** Where bytes come from: the file, or segments by HLS. */
export interface Source {
  readonly kind: "direct" | "hls";
  readonly url: string;
}

const languages = new Intl.DisplayNames("en", { type: "language", fallback: "code" });

export function languageName(tag: string): string {
  try {
    return languages.of(tag) ?? tag;
  } catch {
    return tag; // files name languages as they like
  }
}

/** Which pictures and which sound are wanted, remembered on this device, and what of that there is. */
export class Choices {
  readonly tracks: readonly SoundTrack[];
  wish = $state.raw<Wish>(parseWish(remembered("quality")));
  track = $state.raw<SoundTrack | null>(null);
  /** The renditions of the segments; empty until they are known. */
  offered = $state.raw<readonly Quality[]>([]);
  shown = $state.raw<Quality | null>(null);
  /** Subtitles that the hub can draw into the picture. */
  readonly drawn: readonly DrawnSubtitles[];
  /** The stream of picture subtitles that is drawn into the picture. */
  burn = $state<number | null>(null);
  /** The track that plays when nothing is asked for. */
  readonly #usual: SoundTrack | null;
  readonly #sourceHeight: number;
  #looked = "";

  constructor(detail: VideoDetail) {
    this.tracks = soundTracks(detail.streams, languageName);
    this.drawn = drawnSubtitles(detail.streams);
    this.#usual = this.tracks.find((track) => track.isDefault) ?? this.tracks[0] ?? null;
    this.track = trackFor(this.tracks, remembered("sound")) ?? this.#usual;
    this.#sourceHeight = shortSide(detail.width ?? 0, detail.height ?? 0);
  }

  /** What to play of what the hub offers, so that the choices can be met. */
  source(decision: PlayDecision): Source {
    const isSmaller = typeof this.wish === "number" && this.wish < this.#sourceHeight;
    const asItIs = decision.mode === "direct" && this.burn === null && !isSmaller && this.track === this.#usual;
    return asItIs || decision.hls_url === null ? { kind: "direct", url: decision.url } : { kind: "hls", url: decision.hls_url };
  }

  /** The person chose pictures: remembered. */
  setWish(wish: Wish): void {
    this.wish = wish;
    remember("quality", wish === "auto" ? null : String(wish));
  }

  /** The person chose sound: remembered by its language. */
  setTrack(track: SoundTrack): void {
    this.track = track;
    remember("sound", track === this.#usual ? null : track.lang || null);
  }

  quality = (offered: readonly Quality[]): Quality | null => qualityFor(this.wish, offered);

  sound = (sounds: readonly Sound[]): Sound | null => sounds.find((sound) => sound.stream === this.track?.index) ?? null;

  /** Note what the engine offers and shows now. */
  read(engine: Engine): void {
    if (engine.qualities.length > 0) this.offered = engine.qualities;
    this.shown = engine.shown;
  }

  /** Tell the engine what is wanted. */
  apply(engine: Engine): void {
    engine.setQuality(this.quality(engine.qualities));
    const sound = this.sound(engine.sounds);
    if (sound) engine.setSound(sound);
  }

  /** Find out which renditions there are besides the file that plays, for somebody who opens the menu. */
  async look(decision: PlayDecision): Promise<void> {
    if (this.offered.length > 0 || decision.hls_url === null || this.#looked === decision.hls_url) return;
    this.#looked = decision.hls_url;
    try {
      const response = await fetch(decision.hls_url);
      const offered = response.ok ? qualitiesOf(await response.text()) : [];
      if (this.offered.length === 0) this.offered = offered;
    } catch {
      this.#looked = ""; // unreachable: the banner says so, and the menu asks again when it is opened again
    }
  }
}
