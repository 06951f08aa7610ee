import { parseStoryboard, stillAt, type Still } from "../lib/storyboard";

/** The storyboard of a video, read when somebody first points at the seek bar. */
export class Storyboard {
  #stills = $state.raw<readonly Still[]>([]);
  #asked: string | null = null;

  /** Read it, unless that has been done. Without it there are no pictures, which needs no words. */
  async need(url: string | null): Promise<void> {
    if (url === null || this.#asked !== null) return;
    this.#asked = url;
    try {
      const response = await fetch(url);
      if (response.ok) this.#stills = parseStoryboard(await response.text(), response.url);
    } catch {
      this.#asked = null; // the hub was away: asked for again the next time
    }
  }

  at(timeS: number): Still | null {
    return stillAt(this.#stills, timeS);
  }
}
