import { expect, test } from "vitest";

import { changesOf, formOf } from "../src/lib/edit";

const VIDEO = { title: "Voyage", channel: null, description: "Out\nand back", tags: ["sea", "1902"] };

test("a form that was left alone changes nothing", () => {
  expect(changesOf(VIDEO, formOf(VIDEO))).toEqual({});
});

test("only what differs is sent", () => {
  expect(changesOf(VIDEO, { ...formOf(VIDEO), title: " The Voyage " })).toEqual({ title: "The Voyage" });
  expect(changesOf(VIDEO, { ...formOf(VIDEO), tags: "sea,, moon , sea" })).toEqual({ tags: ["sea", "moon"] });
  expect(changesOf(VIDEO, { ...formOf(VIDEO), tags: "" })).toEqual({ tags: [] });
});

test("a channel that is emptied is none", () => {
  const named = { ...VIDEO, channel: "Méliès" };
  expect(changesOf(named, { ...formOf(named), channel: "  " })).toEqual({ channel: null });
});
