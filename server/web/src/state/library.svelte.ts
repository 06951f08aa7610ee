import type { HubEvent } from "../api/types";
import type { LibraryFilter } from "../lib/route";
import { keepForTab, takeForTab } from "./storage";
import { VideoList, type KeptList } from "./videos.svelte";

/** Lists kept besides the one shown, so that going back finds them as they were. */
const KEPT_LISTS = 4;
const KEPT_KEY = "list";

class Library {
  #lists = new Map<string, VideoList>();
  #shown: VideoList | null = null;

  /** The list for a filter: the one that was being read, or a new one. */
  list(filter: LibraryFilter): VideoList {
    const key = JSON.stringify(filter);
    const list = this.#lists.get(key) ?? this.#make(filter);
    this.#lists.delete(key);
    this.#lists.set(key, list); // the most recent one is last
    const oldest = this.#lists.keys().next().value;
    if (this.#lists.size > KEPT_LISTS && oldest !== undefined) this.#lists.delete(oldest);
    this.#shown = list;
    return list;
  }

  #make(filter: LibraryFilter): VideoList {
    const list = new VideoList(filter);
    const kept = this.#takeKept();
    if (kept?.key === list.key) list.restore(kept);
    return list;
  }

  #takeKept(): KeptList | null {
    const text = takeForTab(KEPT_KEY);
    return text === null ? null : (JSON.parse(text) as KeptList);
  }

  hear(event: HubEvent): void {
    for (const list of this.#lists.values()) list.hear(event);
  }

  setPosition(id: string, positionS: number): void {
    for (const list of this.#lists.values()) list.setPosition(id, positionS);
  }

  /** The page is going away: keep the reader's place for when it is reloaded in this tab. */
  keep(): void {
    if (this.#shown && this.#shown.length > 0) keepForTab(KEPT_KEY, JSON.stringify(this.#shown.keep()));
  }

  clear(): void {
    this.#lists.clear();
    this.#shown = null;
    takeForTab(KEPT_KEY);
  }
}

export const library = new Library();
