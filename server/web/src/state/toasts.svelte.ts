export interface Toast {
  id: number;
  text: string;
  tone: "plain" | "bad";
  /** Where more is said. */
  link: { href: string; label: string } | null;
}

const SHOWN_MS = 5_000;

class Toasts {
  #list = $state.raw<Toast[]>([]);
  #last = 0;

  get list(): readonly Toast[] {
    return this.#list;
  }

  show(text: string, tone: Toast["tone"] = "plain", link: Toast["link"] = null): void {
    const id = ++this.#last;
    this.#list = [...this.#list.slice(-2), { id, text, tone, link }];
    setTimeout(() => this.dismiss(id), SHOWN_MS);
  }

  dismiss(id: number): void {
    this.#list = this.#list.filter((toast) => toast.id !== id);
  }
}

export const toasts = new Toasts();
