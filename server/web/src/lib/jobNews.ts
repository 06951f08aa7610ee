/** What the end of a job is worth saying. */

import type { Job, ScanFigures } from "../api/types";
import { texts } from "../texts";

export interface News {
  text: string;
  /** The scan report says more. */
  report: boolean;
}

/**
 * The news of a job that ended well, or null when there is none.
 *
 * A scan is news when it changed something, or when `asked`: then somebody waits for its end. The demo is always asked
 * for; the scans that run for it are `partOfAnother`, and it speaks for them.
 */
export function newsOf(job: Job, asked: boolean, partOfAnother: boolean): News | null {
  if (job.kind === "demo") return { text: texts.jobs.demoMade, report: false };
  if ((job.kind !== "scan" && job.kind !== "scan-changes") || partOfAnother) return null;
  const { files_new = 0, files_changed = 0, files_moved = 0, files_missing = 0, errors = 0 } = (job.detail ?? {}) as Partial<ScanFigures>;
  const said: string[] = [];
  if (files_new > 0) said.push(texts.jobs.videosAdded(files_new));
  if (files_changed > 0) said.push(texts.jobs.videosChanged(files_changed));
  if (files_moved > 0) said.push(texts.jobs.videosMoved(files_moved));
  if (files_missing > 0) said.push(texts.jobs.videosMissing(files_missing));
  if (said.length === 0) {
    if (!asked) return null;
    said.push(texts.jobs.nothingNew);
  }
  if (errors > 0) said.push(texts.jobs.passedOver(errors));
  return { text: said.join(", "), report: errors > 0 };
}
