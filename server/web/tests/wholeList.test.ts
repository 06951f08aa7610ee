import { expect, test } from "vitest";
import { wholeList } from "../src/lib/wholeList";

test("a list is read to its end, each page from where the last one ended", async () => {
  const asked: unknown[] = [];
  const pages = [
    { items: [1, 2], next_cursor: "a" },
    { items: [3], next_cursor: "b" },
    { items: [], next_cursor: null },
  ];
  const items = await wholeList(async (place) => {
    asked.push(place);
    return pages[asked.length - 1]!;
  });
  expect(items).toEqual([1, 2, 3]);
  expect(asked).toEqual([{ limit: 100 }, { limit: 100, cursor: "a" }, { limit: 100, cursor: "b" }]);
});

test("a page that cannot be read fails the whole list", async () => {
  const broken = wholeList(async ({ cursor }) => {
    if (cursor) throw new Error("gone");
    return { items: [1], next_cursor: "a" };
  });
  await expect(broken).rejects.toThrow("gone");
});
