/**
 * A long list read by keyset cursors, of which only the pages near the reader are held.
 *
 * Every page keeps the cursor it starts behind, so one that was let go can be read again without its neighbours; what
 * stays of it is that cursor, its length and its last id. Pages differ in length once items were removed.
 */

export interface Identified {
  readonly id: string;
}

/** What remains of a page without its items: enough to lay the list out and to read it again. */
export interface PageOutline {
  cursor: string | null;
  count: number;
  lastId: string;
}

interface Slot<T> extends PageOutline {
  items: T[] | null;
  stale: boolean;
}

export interface Spot {
  page: number;
  offset: number;
}

export class PageList<T extends Identified> {
  #slots: Slot<T>[] = [];
  #starts: number[] = [];
  #length = 0;
  #next: string | null = null;

  /** Number of items known, held or not. */
  get length(): number {
    return this.#length;
  }

  get pageCount(): number {
    return this.#slots.length;
  }

  /** Cursor of the page after the last known one; null when the list has ended (or nothing was read yet). */
  get next(): string | null {
    return this.#next;
  }

  get heldPages(): number {
    return this.#slots.filter((slot) => slot.items !== null).length;
  }

  /** Forget everything and start with a first page. */
  reset(items: T[], next: string | null): void {
    this.#slots = [];
    this.#next = null;
    this.#push(null, items, next);
  }

  append(items: T[], next: string | null): void {
    this.#push(this.#next, items, next);
  }

  #push(cursor: string | null, items: T[], next: string | null): void {
    if (items.length > 0) this.#slots.push({ cursor, count: items.length, lastId: items.at(-1)!.id, items, stale: false });
    this.#next = next;
    this.#measure();
  }

  #measure(): void {
    let start = 0;
    this.#starts = this.#slots.map((slot) => {
      const mine = start;
      start += slot.count;
      return mine;
    });
    this.#length = start;
  }

  locate(index: number): Spot | null {
    if (index < 0 || index >= this.#length) return null;
    let low = 0;
    let high = this.#slots.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#starts[middle]! <= index) low = middle;
      else high = middle - 1;
    }
    return { page: low, offset: index - this.#starts[low]! };
  }

  at(index: number): T | null {
    const spot = this.locate(index);
    return spot ? (this.#slots[spot.page]!.items?.[spot.offset] ?? null) : null;
  }

  /** A key for the card at `index` that survives insertions before its page and is unique even when a list repeats an id. */
  keyAt(index: number): string {
    const spot = this.locate(index);
    if (!spot) return `#${index}`;
    const item = this.#slots[spot.page]!.items?.[spot.offset];
    return item ? `${spot.page}:${item.id}` : `#${index}`;
  }

  /** Index of a held item, or -1. */
  indexOf(id: string): number {
    for (const [page, slot] of this.#slots.entries()) {
      const offset = slot.items?.findIndex((item) => item.id === id) ?? -1;
      if (offset >= 0) return this.#starts[page]! + offset;
    }
    return -1;
  }

  /** How to read a page again: behind which cursor, and how many, so that it ends where it ended. */
  requestFor(page: number): { cursor: string | null; limit: number } | null {
    const slot = this.#slots[page];
    return slot ? { cursor: slot.cursor, limit: slot.count } : null;
  }

  /** Pages touching `first` … `end` that are not held, or are held but out of date; nearest to the middle first. */
  wanted(first: number, end: number): number[] {
    const from = this.locate(Math.max(0, first))?.page;
    const to = this.locate(Math.min(end, this.#length) - 1)?.page;
    if (from === undefined || to === undefined) return [];
    const middle = (from + to) / 2;
    const pages: number[] = [];
    for (let page = from; page <= to; page++) {
      const slot = this.#slots[page]!;
      if (slot.items === null || slot.stale) pages.push(page);
    }
    return pages.sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle));
  }

  /**
   * Take a page that was read again.
   *
   * A held page is only brought up to date item by item: what was inserted or moved meanwhile shows after the next
   * reset, so nothing jumps under the reader. A page that was let go is taken as it came; when it no longer ends where
   * it did, the pages behind it no longer join and are forgotten (false is returned then).
   */
  fill(page: number, items: T[], next: string | null): boolean {
    const slot = this.#slots[page];
    if (!slot) return false;
    slot.stale = false;
    if (slot.items !== null) {
      const fresh = new Map(items.map((item) => [item.id, item]));
      slot.items = slot.items.map((item) => fresh.get(item.id) ?? item);
      return true;
    }
    const joins = items.length === slot.count && items.at(-1)?.id === slot.lastId;
    if (joins) {
      slot.items = items;
      return true;
    }
    this.#slots.length = page;
    this.#push(slot.cursor, items, next);
    return false;
  }

  /** Replace held items by `change`'s answer; the number changed. */
  patch(ids: ReadonlySet<string>, change: (item: T) => T): number {
    let changed = 0;
    for (const slot of this.#slots) {
      if (!slot.items?.some((item) => ids.has(item.id))) continue;
      slot.items = slot.items.map((item) => {
        if (!ids.has(item.id)) return item;
        changed++;
        return change(item);
      });
    }
    return changed;
  }

  /** Mark the pages holding any of these ids (all pages without an argument) to be read again when next needed. */
  markStale(ids?: ReadonlySet<string>): boolean {
    let marked = false;
    for (const slot of this.#slots) {
      if (slot.items === null || (ids && !slot.items.some((item) => ids.has(item.id)))) continue;
      slot.stale = true;
      marked = true;
    }
    return marked;
  }

  /** Take items out at once; their former indices, ascending. Items of pages not held go when their page is read. */
  remove(ids: ReadonlySet<string>): number[] {
    const gone: number[] = [];
    for (const [page, slot] of this.#slots.entries()) {
      if (!slot.items?.some((item) => ids.has(item.id))) continue;
      slot.items.forEach((item, offset) => ids.has(item.id) && gone.push(this.#starts[page]! + offset));
      slot.items = slot.items.filter((item) => !ids.has(item.id));
      slot.count = slot.items.length;
      slot.lastId = slot.items.at(-1)?.id ?? slot.lastId;
    }
    if (gone.length > 0) this.#measure();
    return gone;
  }

  /** Let go of the items of pages farthest from `first` … `end` until at most `keep` are held; page 0 always stays. */
  evict(first: number, end: number, keep: number): void {
    const from = this.locate(Math.min(Math.max(0, first), this.#length - 1))?.page ?? 0;
    const to = this.locate(Math.min(end, this.#length) - 1)?.page ?? from;
    const distance = (page: number) => (page < from ? from - page : page > to ? page - to : 0);
    const held = [...this.#slots.keys()].filter((page) => page > 0 && this.#slots[page]!.items !== null);
    held.sort((a, b) => distance(b) - distance(a));
    for (const page of held.slice(0, Math.max(0, held.length + 1 - keep))) {
      const slot = this.#slots[page]!;
      if (distance(page) === 0) break;
      slot.items = null;
      slot.stale = false;
    }
  }

  /** What is needed to come back to this list after a reload of the page. */
  outline(): { pages: PageOutline[]; next: string | null } {
    return { pages: this.#slots.map(({ cursor, count, lastId }) => ({ cursor, count, lastId })), next: this.#next };
  }

  /** Lay the list out from an outline; its items are read as they come into view. */
  restore(pages: readonly PageOutline[], next: string | null): void {
    this.#slots = pages.map((page) => ({ ...page, items: null, stale: false }));
    this.#next = next;
    this.#measure();
  }
}
