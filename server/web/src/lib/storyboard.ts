/** Small pictures for the seek bar: WebVTT whose cues name places on sheets, `sheet.webp#xywh=0,90,160,90` (Media Fragments). */

export interface Still {
  readonly startS: number;
  readonly endS: number;
  /** Address of the sheet. */
  readonly sheet: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const TIMES = /^((?:\d+:)?\d+:\d+(?:\.\d+)?)\s+-->\s+((?:\d+:)?\d+:\d+(?:\.\d+)?)/;

/** The stills of a storyboard that was read from `address`, in order of time; what is not understood is left out. */
export function parseStoryboard(vtt: string, address: string): Still[] {
  const stills: Still[] = [];
  const lines = vtt.split(/\r?\n/);
  lines.forEach((line, index) => {
    const times = TIMES.exec(line);
    const place = /^(.+)#xywh=(?:pixel:)?(\d+),(\d+),(\d+),(\d+)\s*$/.exec(lines[index + 1] ?? "");
    if (!times || !place) return;
    const [x, y, width, height] = place.slice(2).map(Number) as [number, number, number, number];
    if (width === 0 || height === 0) return;
    stills.push({ startS: seconds(times[1]!), endS: seconds(times[2]!), sheet: new URL(place[1]!, address).href, x, y, width, height });
  });
  return stills.sort((a, b) => a.startS - b.startS);
}

/** The still for a moment: the last that has begun, or the first. */
export function stillAt(stills: readonly Still[], timeS: number): Still | null {
  let low = 0;
  let high = stills.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (stills[middle]!.startS <= timeS) low = middle + 1;
    else high = middle;
  }
  return stills[Math.max(0, low - 1)] ?? null;
}

function seconds(stamp: string): number {
  return stamp.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
}
