/** What keys do in the player. Pure, so that the list in the help and the behaviour cannot part ways. */

export type PlayerAction =
  | { do: "toggle" }
  | { do: "seekBy"; seconds: number }
  | { do: "seekTo"; fraction: number }
  | { do: "volumeBy"; step: number }
  | { do: "mute" }
  | { do: "fullscreen" }
  | { do: "pip" }
  | { do: "captions" }
  | { do: "rateStep"; direction: 1 | -1 }
  | { do: "help" }
  | { do: "escape" };

export interface KeyPress {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
}

/** The element that has the focus, as far as it matters which keys are its own. */
export type FocusKind = "text" | "button" | "menu" | "slider" | "other";

export function actionForKey(press: KeyPress, focus: FocusKind): PlayerAction | null {
  if (press.ctrlKey || press.metaKey || press.altKey || focus === "text") return null;
  const key = press.key.length === 1 ? press.key.toLowerCase() : press.key;
  // Enter and Space press the focused button; arrows, Home and End walk an open menu or move a slider.
  if ((focus === "button" || focus === "menu") && (key === " " || key === "Enter")) return null;
  if ((focus === "menu" || focus === "slider") && (key.startsWith("Arrow") || key === "Home" || key === "End")) return null;
  if (/^[0-9]$/.test(key)) return { do: "seekTo", fraction: Number(key) / 10 };
  switch (key) {
    case " ":
    case "k":
    case "MediaPlayPause":
      return { do: "toggle" };
    case "j":
      return { do: "seekBy", seconds: -10 };
    case "l":
      return { do: "seekBy", seconds: 10 };
    case "ArrowLeft":
      return { do: "seekBy", seconds: -5 };
    case "ArrowRight":
      return { do: "seekBy", seconds: 5 };
    case "ArrowUp":
      return { do: "volumeBy", step: 0.05 };
    case "ArrowDown":
      return { do: "volumeBy", step: -0.05 };
    case "Home":
      return { do: "seekTo", fraction: 0 };
    case "End":
      return { do: "seekTo", fraction: 1 };
    case "m":
      return { do: "mute" };
    case "f":
      return { do: "fullscreen" };
    case "i":
      return { do: "pip" };
    case "c":
      return { do: "captions" };
    case "<":
      return { do: "rateStep", direction: -1 };
    case ">":
      return { do: "rateStep", direction: 1 };
    case "?":
      return { do: "help" };
    case "Escape":
      return { do: "escape" };
    default:
      return null;
  }
}

export const RATES = [0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2] as const;

/** The next playback rate up or down; an odd rate goes to its neighbour. */
export function stepRate(rate: number, direction: 1 | -1): number {
  if (direction === 1) return RATES.find((r) => r > rate + 1e-6) ?? RATES.at(-1)!;
  return RATES.findLast((r) => r < rate - 1e-6) ?? RATES[0];
}
