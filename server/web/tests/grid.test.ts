import { describe, expect, it } from "vitest";
import { gridMoveForKey, gridShape, moveFocus, rowsFor, rowsInView } from "../src/lib/grid";

const space = { width: 1232, minCardWidth: 240, minColumns: 2, gap: 16, rowGap: 24, textHeight: 70 };

describe("the shape of the grid", () => {
  it("fits as many columns of the smallest width as there is room for", () => {
    expect(gridShape(space).columns).toBe(4);
    expect(gridShape({ ...space, width: 1264 }).columns).toBe(5);
  });

  it("shares the width among the columns without a rest", () => {
    const { columns, cardWidth } = gridShape(space);
    expect(cardWidth * columns + space.gap * (columns - 1)).toBeCloseTo(space.width);
  });

  it("keeps the least number of columns on a narrow phone", () => {
    expect(gridShape({ ...space, width: 328 }).columns).toBe(2);
  });

  it("counts a started row as a row", () => {
    expect(rowsFor(0, 4)).toBe(0);
    expect(rowsFor(9, 4)).toBe(3);
  });
});

describe("the rows in view", () => {
  it("takes the rows on screen and the reserve around them", () => {
    expect(rowsInView(1000, 500, 100, 1000, 2)).toEqual({ first: 8, end: 17 });
  });

  it("never reaches outside the list", () => {
    expect(rowsInView(0, 500, 100, 3, 2)).toEqual({ first: 0, end: 3 });
    expect(rowsInView(-80, 500, 100, 1000, 2)).toEqual({ first: 0, end: 7 });
  });

  it("shows the last row when the list became shorter than the scroll position", () => {
    const { first, end } = rowsInView(90_000, 500, 100, 10, 2);
    expect(end).toBe(10);
    expect(first).toBeLessThan(end);
  });

  it("is as many rows at the end of 100,000 items as at the beginning", () => {
    const at = (top: number) => {
      const { first, end } = rowsInView(top, 800, 250, 25_000, 2);
      return end - first;
    };
    expect(at(24_000 * 250)).toBeLessThanOrEqual(at(10 * 250) + 1);
  });

  it("is empty for an empty list or an unmeasured grid", () => {
    expect(rowsInView(0, 500, 100, 0, 2)).toEqual({ first: 0, end: 0 });
    expect(rowsInView(0, 500, 0, 5, 2)).toEqual({ first: 0, end: 0 });
  });
});

describe("moving the focus", () => {
  // 0 1 2 3
  // 4 5 6 7
  // 8 9
  const move = (index: number, to: Parameters<typeof moveFocus>[1]) => moveFocus(index, to, 10, 4, 2);

  it("moves sideways across row ends and stops at both ends of the list", () => {
    expect([move(3, "right"), move(0, "left"), move(9, "right"), move(4, "left")]).toEqual([4, 0, 9, 3]);
  });

  it("moves down into a shorter last row, to its last card", () => {
    expect(move(7, "down")).toBe(9);
    expect(move(4, "down")).toBe(8);
  });

  it("stays in the last and the first row", () => {
    expect(move(9, "down")).toBe(9);
    expect(move(2, "up")).toBe(2);
  });

  it("moves by pages, keeping the column at the top", () => {
    expect(move(9, "pageup")).toBe(1);
    expect(move(6, "pageup")).toBe(2);
    expect(move(1, "pagedown")).toBe(9);
  });

  it("knows the ends of a row and of the list", () => {
    expect([move(6, "rowstart"), move(5, "rowend"), move(8, "rowend"), move(5, "first"), move(5, "last")]).toEqual([4, 7, 9, 0, 9]);
  });

  it("swaps left and right in right-to-left scripts", () => {
    expect(gridMoveForKey("ArrowLeft", false, true)).toBe("right");
    expect(gridMoveForKey("ArrowLeft", false, false)).toBe("left");
    expect(gridMoveForKey("x", false, false)).toBeNull();
  });
});
