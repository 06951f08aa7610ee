import { Countdown } from "../lib/countdown";

export interface Toast {
  id: number;
  text: string;
  tone: "plain" | "bad";
  /** Where more is said. */
  link: { href: string; label: string } | null;
  /** Takes back what the toast tells; Ctrl+Z does the same. */
  undo: (() => void) | null;
  /** Stands still while the pointer or the focus is on the toast. */
  countdown: Countdown<"pointer" | "focus">;
}

const SHOWN_MS = 5_000;
const SHOWN_WITH_UNDO_MS = 10_000;

class Toasts {
  #list = $state.raw<Toast[]>([]);
  #last = 0;

  get list(): readonly Toast[] {
    return this.#list;
  }

  show(text: string, tone: Toast["tone"] = "plain", link: Toast["link"] = null, undo: Toast["undo"] = null): void {
    const id = ++this.#last;
    const countdown = new Countdown<"pointer" | "focus">(undo ? SHOWN_WITH_UNDO_MS : SHOWN_MS, () => this.dismiss(id));
    for (const old of this.#list.slice(0, -2)) old.countdown.stop();
    this.#list = [...this.#list.slice(-2), { id, text, tone, link, undo, countdown }];
  }

  dismiss(id: number): void {
    this.#list.find((toast) => toast.id === id)?.countdown.stop();
    this.#list = this.#list.filter((toast) => toast.id !== id);
  }

  undo(toast: Toast): void {
    this.dismiss(toast.id);
    toast.undo?.();
  }

  /** Undo what the newest toast offers to; false when none does. */
  undoLast(): boolean {
    const toast = this.#list.findLast((one) => one.undo !== null);
    if (toast) this.undo(toast);
    return toast !== undefined;
  }
}

export const toasts = new Toasts();
