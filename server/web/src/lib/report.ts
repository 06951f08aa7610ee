/** The scan report as it is read: what is wrong in the same way stands together. */

import type { ScanProblem } from "../api/types";

export interface ProblemGroup {
  reason: string;
  /** In the order a file manager has: 2 before 10. */
  paths: readonly string[];
}

const order = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

/** The problems by their reason, the most frequent first. */
export function problemGroups(problems: readonly Pick<ScanProblem, "path" | "reason">[]): ProblemGroup[] {
  const byReason = new Map<string, string[]>();
  for (const { reason, path } of problems) byReason.set(reason, [...(byReason.get(reason) ?? []), path]);
  const groups = [...byReason].map(([reason, paths]) => ({ reason, paths: paths.sort(order.compare) }));
  return groups.sort((a, b) => b.paths.length - a.paths.length || order.compare(a.reason, b.reason));
}

/** The first `limit` paths of the groups, each under its reason. */
export function firstOf(groups: readonly ProblemGroup[], limit: number): ProblemGroup[] {
  const shown: ProblemGroup[] = [];
  let room = limit;
  for (const { reason, paths } of groups) {
    if (room <= 0) break;
    shown.push({ reason, paths: paths.slice(0, room) });
    room -= paths.length;
  }
  return shown;
}
