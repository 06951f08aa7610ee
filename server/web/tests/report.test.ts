import { expect, test } from "vitest";

import { firstOf, problemGroups } from "../src/lib/report";

const EMPTY = "The file is empty.";
const TORN = "It was cut short.";
const PROBLEMS = [
  { path: "/v/Part 10.mkv", reason: TORN },
  { path: "/v/notes.mp4", reason: EMPTY },
  { path: "/v/part 2.mkv", reason: TORN },
];

test("problems of one kind stand together, the most frequent first, 2 before 10", () => {
  expect(problemGroups(PROBLEMS)).toEqual([
    { reason: TORN, paths: ["/v/part 2.mkv", "/v/Part 10.mkv"] },
    { reason: EMPTY, paths: ["/v/notes.mp4"] },
  ]);
  expect(problemGroups([])).toEqual([]);
});

test("a long report is cut within a kind, and never shows a kind without a file", () => {
  const groups = problemGroups(PROBLEMS);
  expect(firstOf(groups, 1)).toEqual([{ reason: TORN, paths: ["/v/part 2.mkv"] }]);
  expect(firstOf(groups, 2)).toEqual([groups[0]]);
  expect(firstOf(groups, 50)).toEqual(groups);
});
