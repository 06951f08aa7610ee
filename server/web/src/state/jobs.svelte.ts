import { api } from "../api/client";
import type { HubEvent, Job, ScanFigures } from "../api/types";
import { texts } from "../texts";
import { toasts } from "./toasts.svelte";

export function isOver(job: Job): boolean {
  return job.state === "done" || job.state === "failed" || job.state === "cancelled";
}

/** The figures of a scan (or of any job that reports the same ones). */
export function figures(job: Job): Partial<ScanFigures> {
  return (job.detail ?? {}) as Partial<ScanFigures>;
}

/** Kinds of work that somebody starts and waits for; the end of anything else is nobody's news. */
const ASKED_FOR = new Set(["scan", "demo"]);

/** The work under way, for those who manage the library. */
class Jobs {
  #active = $state.raw<readonly Job[]>([]);
  #problem = $state("");

  get active(): readonly Job[] {
    return this.#active;
  }

  get scanning(): boolean {
    return this.#active.some((job) => ASKED_FOR.has(job.kind));
  }

  /** The job that is about to fill the library, if one is. */
  get filling(): Job | null {
    return this.#active.find((job) => job.kind === "demo") ?? this.#active.find((job) => job.kind === "scan") ?? null;
  }

  get problem(): string {
    return this.#problem;
  }

  /** Share done of everything whose size is known, 0…1, or null. */
  get progress(): number | null {
    const sized = this.#active.filter((job) => job.total_units);
    if (sized.length === 0) return null;
    return sized.reduce((sum, job) => sum + Math.min(1, (job.done_units ?? 0) / job.total_units!), 0) / sized.length;
  }

  async load(): Promise<void> {
    this.#active = (await api.jobs()).filter((job) => !isOver(job));
  }

  clear(): void {
    this.#active = [];
  }

  add(job: Job): void {
    this.hear({ type: "job.changed", job });
  }

  hear(event: HubEvent): void {
    if (event.type !== "job.changed") return;
    const { job } = event;
    const known = this.#active.some((one) => one.id === job.id);
    if (isOver(job)) {
      if (!known) return;
      this.#active = this.#active.filter((one) => one.id !== job.id);
      if (job.state === "failed") toasts.show(texts.jobs.failed(job.title, job.error ?? null), "bad");
      else if (job.state === "done" && ASKED_FOR.has(job.kind)) toasts.show(texts.jobs.finished(job.title));
    } else {
      this.#active = known ? this.#active.map((one) => (one.id === job.id ? job : one)) : [...this.#active, job];
    }
  }
}

export const jobs = new Jobs();
