import { api } from "../api/client";
import { ApiError } from "../api/errors";
import type { Video } from "../api/types";

const SHOWN = 12;

/** What the person has begun to watch; kept while the page is open, so that coming back to the library finds it in place. */
class Continuing {
  videos = $state.raw<readonly Video[]>([]);

  async read(): Promise<void> {
    try {
      this.videos = await api.begun(SHOWN);
    } catch (error) {
      // The library below says what is wrong; what was known stays.
      if (!(error instanceof ApiError)) throw error;
    }
  }

  clear(): void {
    this.videos = [];
  }
}

export const continuing = new Continuing();
