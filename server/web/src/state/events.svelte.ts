import { ApiError } from "../api/errors";
import type { HubEvent } from "../api/types";
import { retryDelayMs } from "../lib/backoff";
import { SilenceWatch } from "../lib/silence";
import { session } from "./session.svelte";

type Listener = (event: HubEvent) => void;

/** Shorter interruptions (a hub that restarts, a phone changing cells) are mended without a word. */
const BANNER_AFTER_MS = 2_000;

/** The hub says something every 25 s; two missed and a little more is a lost connection. */
const LONGEST_SILENCE_MS = 60_000;

/**
 * The hub's event stream, kept open while somebody is signed in.
 *
 * After every interruption listeners get a `resync`: events may have been missed.
 */
class EventStream {
  #connected = $state(false);
  #shown = $state(false);
  #retryAtMs = $state<number | null>(null);
  #listeners = new Set<Listener>();
  #socket: WebSocket | null = null;
  #attempt = 0;
  #wasConnected = false;
  #running = false;
  #retryTimer = 0;
  #bannerTimer = 0;

  get connected(): boolean {
    return this.#connected;
  }

  /** Whether the loss has lasted long enough to be worth the reader's attention. */
  get lost(): boolean {
    return this.#shown && !this.#connected;
  }

  /** When the next attempt is due (ms since the epoch), or null while one is under way. */
  get retryAtMs(): number | null {
    return this.#retryAtMs;
  }

  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  start(): () => void {
    this.#running = true;
    this.#attempt = 0;
    this.#wasConnected = false;
    this.#connect();
    const soon = () => document.visibilityState === "visible" && this.retryNow();
    addEventListener("online", soon);
    document.addEventListener("visibilitychange", soon);
    return () => {
      this.#running = false;
      removeEventListener("online", soon);
      document.removeEventListener("visibilitychange", soon);
      clearTimeout(this.#retryTimer);
      clearTimeout(this.#bannerTimer);
      this.#bannerTimer = 0;
      this.#shown = false;
      this.#socket?.close();
      this.#socket = null;
      this.#connected = false;
    };
  }

  retryNow(): void {
    if (!this.#running || this.#socket) return;
    clearTimeout(this.#retryTimer);
    this.#connect();
  }

  #connect(): void {
    this.#retryAtMs = null;
    this.#warnSoon();
    const socket = new WebSocket(new URL("/v1/events", location.href.replace(/^http/, "ws")));
    const silence = new SilenceWatch(LONGEST_SILENCE_MS, () => {
      // A browser waits long for the farewell of a side that is not there any more.
      socket.close();
      this.#lose(socket);
    });
    this.#socket = socket;
    silence.heard();
    socket.onopen = () => {
      if (this.#socket !== socket) return;
      silence.heard();
      clearTimeout(this.#bannerTimer);
      this.#bannerTimer = 0;
      this.#shown = false;
      this.#connected = true;
      this.#attempt = 0;
      if (this.#wasConnected) this.#emit({ type: "resync" });
      this.#wasConnected = true;
    };
    socket.onmessage = (message) => {
      if (this.#socket !== socket || typeof message.data !== "string") return;
      silence.heard();
      const event = JSON.parse(message.data) as HubEvent;
      if (event.type !== "heartbeat") this.#emit(event);
    };
    socket.onclose = () => {
      silence.stop();
      this.#lose(socket);
    };
  }

  #lose(socket: WebSocket): void {
    if (this.#socket !== socket) return;
    this.#socket = null;
    this.#connected = false;
    if (!this.#running) return;
    this.#warnSoon();
    void this.#plan();
  }

  /** Reckoned from the loss, not from the attempts that follow it. */
  #warnSoon(): void {
    this.#bannerTimer ||= window.setTimeout(() => (this.#shown = true), BANNER_AFTER_MS);
  }

  async #plan(): Promise<void> {
    const delayMs = retryDelayMs(this.#attempt++, Math.random());
    this.#retryAtMs = Date.now() + delayMs;
    this.#retryTimer = window.setTimeout(() => this.retryNow(), delayMs);
    try {
      await session.recheck(); // a socket cannot tell a refusal from a hub that is away
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
  }

  #emit(event: HubEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}

export const events = new EventStream();
