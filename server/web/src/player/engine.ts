/** What carries bytes into a media element: the file by its address, or segments chosen on the way. */

import type { Quality } from "../lib/levels";

/** Why an engine cannot go on by itself. */
export type Trouble =
  /** The hub converts for others; it says when to ask again. */
  | { kind: "busy"; retryAfterS: number }
  /** The address is no longer accepted. */
  | { kind: "refused" }
  /** No answer, or none of use. */
  | { kind: "unreachable" }
  /** Bytes arrive and do not play. `wholly`: not even the beginning was understood. */
  | { kind: "undecodable"; wholly: boolean };

/** A rendition of sound. */
export interface Sound {
  readonly id: number;
  /** The stream of the file it is made from; null when unknown. */
  readonly stream: number | null;
}

export interface EngineListener {
  trouble(trouble: Trouble): void;
  /** Other renditions are offered or shown than before. */
  changed(): void;
  /** The address to ask for instead of `url`: with a token that is good now. */
  address(url: string): string | Promise<string>;
}

export interface Engine {
  readonly kind: "direct" | "hls";
  /** Renditions to choose from; empty when there is no choice. */
  readonly qualities: readonly Quality[];
  /** The one on the screen, or null. */
  readonly shown: Quality | null;
  readonly sounds: readonly Sound[];
  /** Bits a second that arrived lately; 0: not measured. */
  readonly bandwidth: number;
  /** Whether `resume` is enough to go on after trouble; else it has to be loaded anew. */
  readonly resumes: boolean;
  /** Begin at `startS`, or as near as the source allows. */
  load(url: string, startS: number): Promise<void>;
  /** Go on loading where it stopped. */
  resume(): void;
  /** Show this rendition from the next possible place on; null: choose. */
  setQuality(quality: Quality | null): void;
  setSound(sound: Sound): void;
  /** Let go of the element and of all connections. */
  destroy(): void;
}
