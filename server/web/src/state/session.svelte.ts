import { api, whenUnauthorized } from "../api/client";
import { sentenceFor } from "../api/errors";
import type { User } from "../api/types";

type Phase = "starting" | "unreachable" | "setup" | "signedout" | "signedin";

/** Who is using the app. */
class Session {
  #phase = $state<Phase>("starting");
  #user = $state.raw<User | null>(null);
  #ended = $state(false);
  #problem = $state("");

  constructor() {
    whenUnauthorized(() => {
      if (this.#phase !== "signedin") return;
      this.#ended = true;
      this.#leave();
    });
  }

  get phase(): Phase {
    return this.#phase;
  }

  get user(): User | null {
    return this.#user;
  }

  /** True when the hub ended the session, not the reader. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Why the hub could not be asked, while `unreachable`. */
  get problem(): string {
    return this.#problem;
  }

  get managesLibrary(): boolean {
    return this.#user?.role === "owner" || this.#user?.role === "admin";
  }

  async start(): Promise<void> {
    this.#phase = "starting";
    try {
      if (await api.setupNeeded()) {
        this.#phase = "setup";
        return;
      }
      this.enter(await api.me());
    } catch (error) {
      if ((error as { status?: number }).status === 401) {
        this.#phase = "signedout";
      } else {
        this.#problem = sentenceFor(error);
        this.#phase = "unreachable";
      }
    }
  }

  enter(user: User): void {
    this.#user = user;
    this.#ended = false;
    this.#phase = "signedin";
  }

  async signOut(): Promise<void> {
    await api.logOut();
    this.#ended = false;
    this.#leave();
  }

  /** Ask who we are; an ended session shows the sign-in page. */
  async recheck(): Promise<void> {
    const user = await api.me();
    if (this.#phase === "signedin") this.#user = user;
  }

  #leave(): void {
    this.#user = null;
    this.#phase = "signedout";
  }
}

export const session = new Session();
