/** The arithmetic of the windowed grid: which cards exist, where, for a scroll position. Lengths are CSS pixels. */

export interface GridSpace {
  /** Inner width the cards share. */
  width: number;
  /** Smallest width a card may get; ignored when not even `minColumns` fit. */
  minCardWidth: number;
  minColumns: number;
  gap: number;
  rowGap: number;
  /** Height of the text under a picture; pictures are 16:9. */
  textHeight: number;
}

export interface GridShape {
  columns: number;
  cardWidth: number;
  /** Distance from the top of a row to the top of the next. */
  rowHeight: number;
}

export function gridShape(space: GridSpace): GridShape {
  const fitting = Math.floor((space.width + space.gap) / (space.minCardWidth + space.gap));
  const columns = Math.max(space.minColumns, fitting, 1);
  const cardWidth = Math.max(0, (space.width - space.gap * (columns - 1)) / columns);
  const rowHeight = Math.round((cardWidth * 9) / 16) + space.textHeight + space.rowGap;
  return { columns, cardWidth, rowHeight };
}

export interface RowRange {
  first: number;
  /** One past the last row. */
  end: number;
}

/**
 * Rows that must exist while `top` … `top + height` (measured from the grid's own top) is on screen, with `overscan`
 * rows of reserve on both sides.
 */
export function rowsInView(top: number, height: number, rowHeight: number, rows: number, overscan: number): RowRange {
  if (rows === 0 || rowHeight <= 0) return { first: 0, end: 0 };
  const first = Math.floor(top / rowHeight) - overscan;
  const end = Math.ceil((top + height) / rowHeight) + overscan;
  const boundedEnd = Math.min(rows, Math.max(end, 1));
  return { first: Math.min(Math.max(0, first), Math.max(0, boundedEnd - 1)), end: boundedEnd };
}

export function rowsFor(items: number, columns: number): number {
  return Math.ceil(items / columns);
}

export type GridMove = "left" | "right" | "up" | "down" | "pageup" | "pagedown" | "rowstart" | "rowend" | "first" | "last";

/** Where the focus goes from card `index`; the same index when there is nothing that way. */
export function moveFocus(index: number, move: GridMove, count: number, columns: number, pageRows: number): number {
  if (count === 0) return 0;
  const last = count - 1;
  const vertical = (rows: number): number => {
    const target = index + rows * columns;
    if (target < 0) return rows === -1 ? index : index % columns;
    if (target <= last) return target;
    // Below a full row may lie a shorter one: its last card is the nearest.
    const lastRow = Math.floor(last / columns);
    return Math.floor(index / columns) < lastRow ? Math.min(last, lastRow * columns + (index % columns)) : index;
  };
  switch (move) {
    case "left":
      return Math.max(0, index - 1);
    case "right":
      return Math.min(last, index + 1);
    case "up":
      return vertical(-1);
    case "down":
      return vertical(1);
    case "pageup":
      return vertical(-Math.max(1, pageRows));
    case "pagedown":
      return vertical(Math.max(1, pageRows));
    case "rowstart":
      return index - (index % columns);
    case "rowend":
      return Math.min(last, index - (index % columns) + columns - 1);
    case "first":
      return 0;
    case "last":
      return last;
  }
}

/** The grid's move for a key, or null. Left and right are the reader's: they swap in right-to-left scripts. */
export function gridMoveForKey(key: string, ctrl: boolean, rtl: boolean): GridMove | null {
  switch (key) {
    case "ArrowLeft":
      return rtl ? "right" : "left";
    case "ArrowRight":
      return rtl ? "left" : "right";
    case "ArrowUp":
      return "up";
    case "ArrowDown":
      return "down";
    case "PageUp":
      return "pageup";
    case "PageDown":
      return "pagedown";
    case "Home":
      return ctrl ? "first" : "rowstart";
    case "End":
      return ctrl ? "last" : "rowend";
    default:
      return null;
  }
}
