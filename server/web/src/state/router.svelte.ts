import { parseRoute, SORTS, type Route } from "../lib/route";
import { remembered } from "./storage";

function here(): Route {
  const sort = SORTS.find((known) => known === remembered("sort"));
  return parseRoute(location.pathname, location.search, sort);
}

class Router {
  #route = $state.raw<Route>(here());
  /** How many pages of this app lie behind the current one in the browser's history. */
  #depth = depthOf(history.state);

  get route(): Route {
    return this.#route;
  }

  start(): () => void {
    history.scrollRestoration = "manual"; // the grid has no height yet when the browser would restore it
    const onPop = (event: PopStateEvent) => {
      this.#depth = depthOf(event.state);
      this.#route = here();
    };
    addEventListener("popstate", onPop);
    document.addEventListener("click", this.#onClick);
    return () => {
      removeEventListener("popstate", onPop);
      document.removeEventListener("click", this.#onClick);
    };
  }

  go(path: string): void {
    this.#depth++;
    history.pushState({ depth: this.#depth }, "", path);
    this.#route = here();
  }

  replace(path: string): void {
    history.replaceState({ depth: this.#depth }, "", path);
    this.#route = here();
  }

  /** Back to where the reader came from, or to `fallback` when the page was opened by its address. */
  back(fallback: string): void {
    if (this.#depth > 0) history.back();
    else this.replace(fallback);
  }

  /** Plain clicks on links into the app change the page without loading it anew. */
  #onClick = (event: MouseEvent): void => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (!link?.href || link.target || link.hasAttribute("download")) return;
    const url = new URL(link.href);
    if (url.origin !== location.origin || /^\/(media|v1|assets)\//.test(url.pathname) || link.getAttribute("href")?.startsWith("#")) return;
    event.preventDefault();
    if (url.href !== location.href) this.go(url.pathname + url.search);
  };
}

function depthOf(state: unknown): number {
  const depth = (state as { depth?: unknown } | null)?.depth;
  return typeof depth === "number" ? depth : 0;
}

export const router = new Router();
