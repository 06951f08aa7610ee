import { describe, expect, it } from "vitest";
import { actionForKey, RATES, stepRate, type FocusKind } from "../src/lib/keyboard";

const press = (key: string, focus: FocusKind = "other", modifiers = {}) =>
  actionForKey({ key, ctrlKey: false, metaKey: false, altKey: false, ...modifiers }, focus);

describe("keys in the player", () => {
  it.each([
    [" ", { do: "toggle" }],
    ["k", { do: "toggle" }],
    ["K", { do: "toggle" }],
    ["j", { do: "seekBy", seconds: -10 }],
    ["l", { do: "seekBy", seconds: 10 }],
    ["ArrowLeft", { do: "seekBy", seconds: -5 }],
    ["ArrowRight", { do: "seekBy", seconds: 5 }],
    ["ArrowUp", { do: "volumeBy", step: 0.05 }],
    ["ArrowDown", { do: "volumeBy", step: -0.05 }],
    ["0", { do: "seekTo", fraction: 0 }],
    ["7", { do: "seekTo", fraction: 0.7 }],
    ["Home", { do: "seekTo", fraction: 0 }],
    ["End", { do: "seekTo", fraction: 1 }],
    ["<", { do: "rateStep", direction: -1 }],
    [">", { do: "rateStep", direction: 1 }],
    ["f", { do: "fullscreen" }],
    ["m", { do: "mute" }],
    ["c", { do: "captions" }],
    ["Escape", { do: "escape" }],
  ])("%s", (key, action) => expect(press(key)).toEqual(action));

  it("leaves the browser its own combinations", () => {
    expect(press("l", "other", { ctrlKey: true })).toBeNull();
    expect(press("ArrowLeft", "other", { altKey: true })).toBeNull();
    expect(press("f", "other", { metaKey: true })).toBeNull();
  });

  it("leaves a text field all keys", () => expect(press("k", "text")).toBeNull());

  it("lets Space and Enter press the focused button, and the other keys act", () => {
    expect(press(" ", "button")).toBeNull();
    expect(press("Enter", "button")).toBeNull();
    expect(press("ArrowLeft", "button")).toEqual({ do: "seekBy", seconds: -5 });
  });

  it("lets arrows walk an open menu and move a slider", () => {
    expect(press("ArrowDown", "menu")).toBeNull();
    expect(press("ArrowLeft", "slider")).toBeNull();
    expect(press(" ", "slider")).toEqual({ do: "toggle" });
    expect(press("Escape", "menu")).toEqual({ do: "escape" });
  });

  it("does nothing for other keys", () => expect([press("q"), press("Tab"), press("F5")]).toEqual([null, null, null]));
});

describe("playback rates", () => {
  it("steps through all rates and stops at both ends", () => {
    expect(stepRate(1, 1)).toBe(1.25);
    expect(stepRate(1, -1)).toBe(0.75);
    expect(stepRate(2, 1)).toBe(2);
    expect(stepRate(0.25, -1)).toBe(0.25);
  });

  it("goes from an odd rate to its neighbours", () => {
    expect([stepRate(1.1, 1), stepRate(1.1, -1)]).toEqual([1.25, 1]);
    expect(RATES).toContain(1);
  });
});
