import { api } from "../api/client";
import { isAbort, sentenceFor } from "../api/errors";
import type { HubEvent, Video } from "../api/types";
import { PageList, type PageOutline } from "../lib/pages";
import type { LibraryFilter } from "../lib/route";

const PAGE = 60;
const LARGEST_PAGE = 100;
/** Pages whose items stay in memory: some 2,000 videos, whatever the size of the library. */
const HELD_PAGES = 32;
/** Live changes are gathered this long, so that a scan causes one request a second and not a hundred. */
const GATHER_MS = 1_000;
/** While the pointer was just moving over the cards nothing is pushed under it. */
const POINTER_REST_MS = 1_500;

export interface Card {
  key: string;
  index: number;
  video: Video | null;
}

/** Where the reader is: the first card in view and how far its row is scrolled out, in pixels. */
export interface Anchor {
  index: number;
  offsetPx: number;
}

export interface KeptList {
  key: string;
  pages: PageOutline[];
  next: string | null;
  anchor: Anchor;
}

/** One reading of the library: a filter and an order, read page by page as the reader scrolls. */
export class VideoList {
  readonly key: string;
  anchor: Anchor = { index: 0, offsetPx: 0 };
  focusIndex = 0;
  /** Set by the grid: new items may be shown at once, for nothing is scrolled away. */
  atTop = true;
  pointerMovedAtMs = 0;

  #filter: LibraryFilter;
  #pages = new PageList<Video>();
  #version = $state(0);
  #status = $state<"loading" | "ready" | "failed">("loading");
  #problem = $state("");
  #moreProblem = $state("");
  #fresh = $state(0);
  #headChanged = $state(false);
  #window = { first: 0, end: 0 };
  #pumping = false;
  #generation = 0;
  #gatherTimer = 0;
  #loadedOnce = false;
  #shown = false;

  constructor(filter: LibraryFilter) {
    this.#filter = filter;
    this.key = JSON.stringify(filter);
  }

  get status(): "loading" | "ready" | "failed" {
    return this.#status;
  }

  /** Why the first page could not be read. */
  get problem(): string {
    return this.#problem;
  }

  /** Why reading on stopped; empty while it goes on. */
  get moreProblem(): string {
    return this.#moreProblem;
  }

  get length(): number {
    void this.#version;
    return this.#pages.length;
  }

  get hasMore(): boolean {
    void this.#version;
    return this.#pages.next !== null;
  }

  /** Videos added above what is shown. */
  get fresh(): number {
    return this.#fresh;
  }

  /** Whether the list would begin differently if it were read anew. */
  get headChanged(): boolean {
    return this.#headChanged;
  }

  cards(first: number, end: number): Card[] {
    void this.#version;
    const cards: Card[] = [];
    for (let index = first; index < Math.min(end, this.#pages.length); index++) {
      cards.push({ key: this.#pages.keyAt(index), index, video: this.#pages.at(index) });
    }
    return cards;
  }

  at(index: number): Video | null {
    void this.#version;
    return this.#pages.at(index);
  }

  indexOf(id: string): number {
    return this.#pages.indexOf(id);
  }

  /** The list comes on the screen: read it, or what changed while it was away. */
  show(): void {
    this.#shown = true;
    if (!this.#loadedOnce || (this.#headChanged && this.atTop)) void this.reload();
    else void this.#pump();
  }

  /** The list leaves the screen: changes are noted, and read when it comes back. */
  hide(): void {
    this.#shown = false;
    clearTimeout(this.#gatherTimer);
    this.#gatherTimer = 0;
  }

  /** Read the list anew from its beginning. */
  async reload(): Promise<void> {
    const generation = ++this.#generation;
    this.#loadedOnce = true;
    if (this.#pages.length === 0) this.#status = "loading";
    const limit = Math.min(LARGEST_PAGE, Math.max(PAGE, this.#window.end));
    // The answer holds what changed until now; what changes while it is under way asks for another reading.
    const known = this.#fresh;
    this.#headChanged = false;
    try {
      const page = await api.videos(this.#filter, null, limit);
      if (generation !== this.#generation) return;
      const focused = this.#pages.at(this.focusIndex)?.id;
      this.#pages.reset([...page.items], page.next_cursor);
      this.focusIndex = Math.max(0, focused ? this.#pages.indexOf(focused) : 0);
      this.#fresh -= known;
      this.#moreProblem = "";
      this.#status = "ready";
      this.#version++;
      void this.#pump();
    } catch (error) {
      if (generation !== this.#generation) return;
      this.#headChanged = true;
      if (isAbort(error)) return;
      if (this.#pages.length === 0) {
        this.#problem = sentenceFor(error);
        this.#status = "failed";
      } else {
        this.#moreProblem = sentenceFor(error);
      }
    }
  }

  /** The cards from `first` to before `end` are (nearly) in view. */
  need(first: number, end: number): void {
    this.#window = { first, end };
    if (this.#status === "ready") void this.#pump();
  }

  /** Read on after a failure. */
  retry(): void {
    this.#moreProblem = "";
    if (this.#status === "failed") void this.reload();
    else void this.#pump();
  }

  /** One request at a time, always the one most needed by now. */
  async #pump(): Promise<void> {
    if (this.#pumping || this.#moreProblem) return;
    this.#pumping = true;
    try {
      while (await this.#readOne());
    } catch (error) {
      if (!isAbort(error)) this.#moreProblem = sentenceFor(error);
    } finally {
      this.#pumping = false;
    }
  }

  async #readOne(): Promise<boolean> {
    const generation = this.#generation;
    const { first, end } = this.#window;
    const page = this.#pages.wanted(first, end)[0];
    const request = page === undefined ? null : this.#pages.requestFor(page);
    if (page !== undefined && request) {
      const answer = await api.videos(this.#filter, request.cursor, Math.min(LARGEST_PAGE, request.limit));
      if (generation !== this.#generation) return true;
      this.#pages.fill(page, [...answer.items], answer.next_cursor);
    } else {
      const reserve = Math.max(PAGE / 2, 2 * (end - first));
      if (this.#pages.next === null || end + reserve <= this.#pages.length) return false;
      const answer = await api.videos(this.#filter, this.#pages.next, PAGE);
      if (generation !== this.#generation) return true;
      this.#pages.append([...answer.items], answer.next_cursor);
    }
    this.#pages.evict(this.#window.first, this.#window.end, HELD_PAGES);
    this.#version++;
    return true;
  }

  hear(event: HubEvent): void {
    if (!this.#loadedOnce) return;
    switch (event.type) {
      case "videos.added":
        this.#headChanged = true;
        if (this.#filter.channel === null && this.#filter.tag === null) this.#fresh += event.ids.length;
        this.#gather();
        break;
      case "videos.changed":
        if (this.#pages.markStale(new Set(event.ids))) this.#gather();
        break;
      case "videos.removed":
        if (this.#pages.remove(new Set(event.ids)).length > 0) this.#version++;
        this.#gather();
        break;
      case "position.changed":
        this.touch(event.video_id);
        break;
      case "resync":
        this.#headChanged = true;
        this.#pages.markStale();
        this.#moreProblem = "";
        if (this.#status === "failed") void this.reload();
        this.#gather();
        break;
    }
  }

  /** What the card of a video shows is out of date. */
  touch(id: string): void {
    if (this.#pages.markStale(new Set([id]))) this.#gather();
  }

  /** A video was watched here up to a position; the hub's own word follows. */
  setPosition(id: string, positionS: number): void {
    if (this.#pages.patch(new Set([id]), (video) => ({ ...video, position_s: positionS })) > 0) this.#version++;
  }

  #gather(): void {
    if (!this.#shown) return;
    this.#gatherTimer ||= window.setTimeout(() => {
      this.#gatherTimer = 0;
      this.#applyGathered();
    }, GATHER_MS);
  }

  #applyGathered(): void {
    if (!this.#headChanged || !this.atTop) {
      void this.#pump();
    } else if (Date.now() - this.pointerMovedAtMs < POINTER_REST_MS && this.#pages.length > 0) {
      this.#gather();
    } else {
      void this.reload();
    }
  }

  /** The reader is back at the top: show what was held back. */
  arrivedAtTop(): void {
    if (this.#headChanged) this.#gather();
  }

  keep(): KeptList {
    return { key: this.key, ...this.#pages.outline(), anchor: this.anchor };
  }

  /** Lay out what was kept before the page was reloaded. */
  restore(kept: KeptList): void {
    if (this.#loadedOnce || kept.pages.length === 0) return;
    this.#loadedOnce = true;
    this.#pages.restore(kept.pages, kept.next);
    this.anchor = kept.anchor;
    this.focusIndex = kept.anchor.index;
    this.atTop = kept.anchor.index === 0;
    this.#headChanged = this.atTop;
    this.#status = "ready";
    this.#version++;
    if (this.#headChanged) this.#gather();
  }
}
