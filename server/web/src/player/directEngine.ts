import type { Quality } from "../lib/levels";
import type { Engine, EngineListener, Sound } from "./engine";

/** The address goes to the media element, which does the rest: a file, or HLS where the browser plays that by itself. */
export class DirectEngine implements Engine {
  readonly qualities: readonly Quality[] = [];
  readonly sounds: readonly Sound[] = [];
  readonly shown = null;
  readonly bandwidth = 0;
  readonly resumes = false;

  #stopped = new AbortController();
  #url = "";

  constructor(
    readonly kind: "direct" | "hls",
    private readonly element: HTMLVideoElement,
    private readonly listener: EngineListener,
  ) {
    element.addEventListener("error", () => void this.#onError(), { signal: this.#stopped.signal });
  }

  async load(url: string): Promise<void> {
    this.#url = url;
    this.element.src = url; // where to begin is set when it has told its length
  }

  resume(): void {}
  setQuality(): void {}
  setSound(): void {}

  destroy(): void {
    this.#stopped.abort();
    this.element.removeAttribute("src");
    this.element.load(); // lets go of the connection
  }

  async #onError(): Promise<void> {
    const error = this.element.error;
    if (!error || this.#stopped.signal.aborted) return;
    const arrives = error.code !== MediaError.MEDIA_ERR_NETWORK && (await this.#bytesArrive());
    if (this.#stopped.signal.aborted) return;
    if (arrives) this.listener.trouble({ kind: "undecodable", wholly: error.code === MediaError.MEDIA_ERR_SRC_NOT_SUPPORTED });
    else this.listener.trouble({ kind: "unreachable" });
  }

  /** Whether the address still yields bytes: then it is the format that is at fault, not the way here. */
  async #bytesArrive(): Promise<boolean> {
    try {
      const response = await fetch(this.#url, { headers: { Range: "bytes=0-0" }, cache: "no-store", signal: this.#stopped.signal });
      await response.body?.cancel();
      return response.ok;
    } catch {
      return false; // unreachable or stopped: recovering finds out which
    }
  }
}
