import { beforeEach, describe, expect, it } from "vitest";
import { PageList } from "../src/lib/pages";

interface Row {
  id: string;
  title: string;
}
const rows = (from: number, to: number): Row[] =>
  Array.from({ length: to - from }, (_, i) => ({ id: `v${from + i}`, title: `Video ${from + i}` }));

let list: PageList<Row>;
beforeEach(() => {
  list = new PageList<Row>();
  list.reset(rows(0, 10), "c1");
  list.append(rows(10, 20), "c2");
  list.append(rows(20, 25), null);
});

const ids = (set: string[]) => new Set(set);

describe("reading a list page by page", () => {
  it("finds every item at its index and nothing outside", () => {
    expect(list.length).toBe(25);
    expect(list.at(0)?.id).toBe("v0");
    expect(list.at(10)?.id).toBe("v10");
    expect(list.at(24)?.id).toBe("v24");
    expect(list.at(25)).toBeNull();
    expect(list.at(-1)).toBeNull();
    expect(list.indexOf("v13")).toBe(13);
    expect(list.indexOf("nobody")).toBe(-1);
  });

  it("knows the cursor to go on with, and that the list has ended", () => {
    expect(list.next).toBeNull();
    list.reset(rows(0, 3), "again");
    expect(list.next).toBe("again");
  });

  it("is empty after an empty first page", () => {
    list.reset([], null);
    expect([list.length, list.pageCount, list.next]).toEqual([0, 0, null]);
  });

  it("gives different keys to an id that a list repeats", () => {
    list.append([{ id: "v3", title: "moved down meanwhile" }], null);
    const keys = Array.from({ length: list.length }, (_, i) => list.keyAt(i));
    expect(new Set(keys).size).toBe(list.length);
  });
});

describe("letting pages go", () => {
  it("holds no more than it should and keeps the first page and those in view", () => {
    list.evict(20, 25, 2);
    expect(list.heldPages).toBe(2);
    expect(list.at(0)?.id).toBe("v0");
    expect(list.at(12)).toBeNull();
    expect(list.at(22)?.id).toBe("v22");
    expect(list.length).toBe(25);
  });

  it("never lets go of what is in view, however little it may hold", () => {
    list.evict(0, 25, 1);
    expect(list.heldPages).toBe(3);
  });

  it("asks for the pages in view that are not held, and only those", () => {
    list.evict(0, 5, 1);
    expect(list.wanted(8, 14)).toEqual([1]);
    expect(list.wanted(0, 5)).toEqual([]);
    expect(list.requestFor(1)).toEqual({ cursor: "c1", limit: 10 });
    expect(list.requestFor(9)).toBeNull();
  });

  it("takes a page back in when it is as it was", () => {
    list.evict(20, 25, 2);
    expect(list.fill(1, rows(10, 20), "c2")).toBe(true);
    expect(list.at(15)?.id).toBe("v15");
    expect(list.length).toBe(25);
  });

  it("forgets what follows a page that came back different", () => {
    list.evict(20, 25, 2);
    const shifted = [{ id: "new", title: "" }, ...rows(10, 19)];
    expect(list.fill(1, shifted, "c2-new")).toBe(false);
    expect(list.length).toBe(20);
    expect(list.next).toBe("c2-new");
    list.append(rows(19, 25), null);
    expect(list.at(20)?.id).toBe("v19");
  });
});

describe("live changes", () => {
  it("brings a held page up to date without moving anything", () => {
    list.markStale(ids(["v12"]));
    expect(list.wanted(0, 25)).toEqual([1]);
    const answer = [{ id: "new", title: "" }, ...rows(10, 19).map((row) => ({ ...row, title: "fresh" }))];
    expect(list.fill(1, answer, "c2-new")).toBe(true);
    expect(list.at(10)).toEqual({ id: "v10", title: "fresh" });
    expect(list.at(19)?.title).toBe("Video 19");
    expect(list.wanted(0, 25)).toEqual([]);
  });

  it("marks every held page when everything may have changed", () => {
    expect(list.markStale()).toBe(true);
    expect(list.wanted(0, 25).sort()).toEqual([0, 1, 2]);
    expect(list.markStale(ids(["nobody"]))).toBe(false);
  });

  it("takes removed items out and tells where they were", () => {
    expect(list.remove(ids(["v3", "v11", "nobody"]))).toEqual([3, 11]);
    expect(list.length).toBe(23);
    expect(list.at(3)?.id).toBe("v4");
    expect(list.at(9)?.id).toBe("v10");
    expect(list.at(10)?.id).toBe("v12");
  });

  it("reads a page that lost an item again to the same end", () => {
    list.remove(ids(["v11"]));
    list.evict(0, 5, 1);
    expect(list.requestFor(1)).toEqual({ cursor: "c1", limit: 9 });
    expect(list.fill(1, rows(10, 20).filter((row) => row.id !== "v11"), "c2")).toBe(true);
    expect(list.length).toBe(24);
  });

  it("survives losing a whole page", () => {
    list.remove(ids(rows(10, 20).map((row) => row.id)));
    expect(list.length).toBe(15);
    expect(list.at(9)?.id).toBe("v9");
    expect(list.at(10)?.id).toBe("v20");
  });

  it("patches items in place and counts them", () => {
    expect(list.patch(ids(["v2", "v21", "nobody"]), (row) => ({ ...row, title: "watched" }))).toBe(2);
    expect(list.at(21)?.title).toBe("watched");
  });
});

describe("coming back after a reload", () => {
  it("lays the list out again and reads only what comes into view", () => {
    const { pages, next } = list.outline();
    const again = new PageList<Row>();
    again.restore(pages, next);
    expect(again.length).toBe(25);
    expect(again.at(13)).toBeNull();
    expect(again.wanted(11, 14)).toEqual([1]);
    again.fill(1, rows(10, 20), "c2");
    expect(again.at(13)?.id).toBe("v13");
  });
});
