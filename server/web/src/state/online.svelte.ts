/** Connects the event stream with everything that lives by it, while somebody is signed in. */

import type { HubEvent } from "../api/types";
import { ApiError } from "../api/errors";
import { events } from "./events.svelte";
import { jobs } from "./jobs.svelte";
import { continuing } from "./continuing.svelte";
import { library } from "./library.svelte";
import { session } from "./session.svelte";

async function loadJobs(): Promise<void> {
  if (!session.managesLibrary) return;
  try {
    await jobs.load();
  } catch (error) {
    // The indicator is a convenience: without it the page works, and the next job event fills it.
    if (!(error instanceof ApiError)) throw error;
  }
}

export function goOnline(): () => void {
  const unlisten = events.listen((event: HubEvent) => {
    library.hear(event);
    jobs.hear(event);
    if (event.type === "resync") void loadJobs();
  });
  const keep = () => library.keep();
  addEventListener("pagehide", keep);
  const stop = events.start();
  void loadJobs();
  return () => {
    unlisten();
    stop();
    removeEventListener("pagehide", keep);
    jobs.clear();
    library.clear();
    continuing.clear();
  };
}
