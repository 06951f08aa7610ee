import { api } from "../api/client";
import type { HubEvent, Job, ScanFigures } from "../api/types";
import { newsOf } from "../lib/jobNews";
import { texts } from "../texts";
import { toasts } from "./toasts.svelte";

export function isOver(job: Job): boolean {
  return job.state === "done" || job.state === "failed" || job.state === "cancelled";
}

/** The figures of a scan (or of any job that reports the same ones). */
export function figures(job: Job): Partial<ScanFigures> {
  return (job.detail ?? {}) as Partial<ScanFigures>;
}

/** Kinds of work that people start. */
const ASKED_FOR = new Set(["scan", "demo"]);
const SCANS = new Set(["scan", "scan-changes"]);

/** The work under way, for those who manage the library. */
class Jobs {
  #active = $state.raw<readonly Job[]>([]);
  #problem = $state("");
  /** Jobs that the person at this page began. */
  #asked = new Set<string>();
  #expectsScan = false;
  /** Scans that run for the demo, which speaks for them. */
  #forDemo = new Set<string>();

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

  /** The person here began this job: its end is told even if nothing came of it. */
  askedFor(job: Job): void {
    this.#asked.add(job.id);
    this.add(job);
  }

  /** The person here does something that makes the hub scan; `false` when it came to nothing. */
  expectScan(expects = true): void {
    this.#expectsScan = expects;
  }

  add(job: Job): void {
    this.hear({ type: "job.changed", job });
  }

  #tell(job: Job): void {
    const news = newsOf(job, this.#asked.has(job.id), this.#forDemo.has(job.id));
    if (news) toasts.show(news.text, "plain", news.report ? { href: "/settings", label: texts.settings.problems } : null);
  }

  hear(event: HubEvent): void {
    if (event.type !== "job.changed") return;
    const { job } = event;
    const known = this.#active.some((one) => one.id === job.id);
    if (isOver(job)) {
      if (!known) return;
      this.#active = this.#active.filter((one) => one.id !== job.id);
      if (job.state === "failed") toasts.show(texts.jobs.failed(job.title, job.error ?? null), "bad");
      else if (job.state === "done") this.#tell(job);
      this.#asked.delete(job.id);
      this.#forDemo.delete(job.id);
    } else {
      if (!known && job.kind === "scan" && this.#expectsScan) {
        this.#expectsScan = false;
        this.#asked.add(job.id);
      }
      if (SCANS.has(job.kind) && this.#active.some((one) => one.kind === "demo")) this.#forDemo.add(job.id);
      this.#active = known ? this.#active.map((one) => (one.id === job.id ? job : one)) : [...this.#active, job];
    }
  }
}

export const jobs = new Jobs();
