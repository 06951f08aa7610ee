import { remember, remembered } from "../state/storage";

/** What somebody likes on this device, whatever is played. Both are on until they are switched off. */
class Preferences {
  /** Films are brought to one loudness. */
  evenLoudness = $state(remembered("loudness") !== "no");
  /** What follows is played by itself. */
  playNext = $state(remembered("next") !== "no");

  setEvenLoudness(on: boolean): void {
    this.evenLoudness = on;
    remember("loudness", on ? null : "no");
  }

  setPlayNext(on: boolean): void {
    this.playNext = on;
    remember("next", on ? null : "no");
  }
}

export const preferences = new Preferences();
