import { cueBox, preferredTrack, trackFor, type CueBox } from "../lib/cues";
import { remember, remembered } from "../state/storage";

export const CAPTION_SIZES = ["small", "normal", "large", "huge"] as const;
export type CaptionSize = (typeof CAPTION_SIZES)[number];

export interface ShownCue {
  key: string;
  box: CueBox;
  content: DocumentFragment;
}

interface Track {
  readonly lang: string;
  readonly label: string;
  readonly url: string;
  /** Only signs and foreign speech. */
  readonly forced: boolean;
  readonly hearing_impaired: boolean;
  /** On by itself for this person. */
  readonly default: boolean;
}

const OFF = "off";

/** What the reader understands, best first; then what the page is written in. */
function languages(): readonly string[] {
  return [...navigator.languages, document.documentElement.lang].filter(Boolean);
}

/** Which captions show, and how. The cues are drawn by the page, so that they stay clear of the controls. */
export class Captions {
  tracks = $state.raw<readonly Track[]>([]);
  /** Index into `tracks`, or -1. */
  chosen = $state(-1);
  cues = $state.raw<ShownCue[]>([]);
  size = $state<CaptionSize>(CAPTION_SIZES.find((size) => size === remembered("captions.size")) ?? "normal");
  box = $state(remembered("captions.box") !== "no");

  #element: HTMLVideoElement | null = null;
  #listening: TextTrack | null = null;

  /** `wanted`: false while subtitles are part of the picture. */
  attach(element: HTMLVideoElement, tracks: readonly Track[], wanted: boolean): void {
    this.#element = element;
    this.tracks = tracks;
    const kept = remembered("captions");
    const track = kept === OFF ? null : kept === null ? tracks.find((each) => each.default) : trackFor(tracks, kept);
    this.#show(track && wanted ? tracks.indexOf(track) : -1);
  }

  /** Leave the picture to subtitles that are part of it. */
  hide(): void {
    this.#show(-1);
  }

  choose(index: number): void {
    remember("captions", this.tracks[index]?.lang ?? OFF);
    if (index >= 0) remember("captions.last", this.tracks[index]!.lang);
    this.#show(index);
  }

  /** Off, or on in the language last shown, else in the one that suits the reader best. */
  toggle(): void {
    if (this.chosen >= 0 || this.tracks.length === 0) return this.choose(-1);
    const track = trackFor(this.tracks, remembered("captions.last")) ?? preferredTrack(this.tracks, languages());
    this.choose(track ? this.tracks.indexOf(track) : -1);
  }

  setSize(size: CaptionSize): void {
    this.size = size;
    remember("captions.size", size === "normal" ? null : size);
  }

  setBox(box: boolean): void {
    this.box = box;
    remember("captions.box", box ? null : "no");
  }

  #show(index: number): void {
    this.chosen = index;
    this.cues = [];
    this.#listening?.removeEventListener("cuechange", this.#read);
    this.#listening = null;
    const list = this.#element?.textTracks;
    if (!list) return;
    for (let i = 0; i < list.length; i++) {
      const track = list[i]!;
      // "hidden" loads the cues and keeps time, and leaves the drawing to us.
      track.mode = i === index ? "hidden" : "disabled";
      if (i !== index) continue;
      this.#listening = track;
      track.addEventListener("cuechange", this.#read);
    }
    this.#read();
  }

  #read = (): void => {
    const active = this.#listening?.activeCues;
    const shown: ShownCue[] = [];
    for (let i = 0; i < (active?.length ?? 0); i++) {
      const cue = active![i];
      if (cue instanceof VTTCue) {
        shown.push({ key: `${cue.id} ${cue.startTime} ${i}`, box: cueBox(cue), content: cue.getCueAsHTML() });
      }
    }
    this.cues = shown;
  };
}
