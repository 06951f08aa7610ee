/** The pages of the app and their addresses. */

export type Route =
  | { page: "library"; filter: LibraryFilter }
  | { page: "watch"; id: string }
  | { page: "settings" }
  | { page: "missing"; path: string };

export const SORTS = ["added", "published", "title", "duration", "views"] as const;
export type Sort = (typeof SORTS)[number];
export type Direction = "asc" | "desc";

export interface LibraryFilter {
  sort: Sort;
  order: Direction;
  channel: string | null;
  tag: string | null;
}

/** Titles read from A; everything else is most interesting from its large or late end. */
export function naturalOrder(sort: Sort): Direction {
  return sort === "title" ? "asc" : "desc";
}

export function parseRoute(path: string, query: string, defaultSort: Sort = "added"): Route {
  if (path === "/" || path === "/index.html") return { page: "library", filter: parseFilter(query, defaultSort) };
  const watch = /^\/watch\/([^/]+)\/?$/.exec(path);
  if (watch) return { page: "watch", id: safeDecode(watch[1]!) };
  if (path === "/settings" || path === "/settings/") return { page: "settings" };
  return { page: "missing", path };
}

function safeDecode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function parseFilter(query: string, defaultSort: Sort): LibraryFilter {
  const params = new URLSearchParams(query);
  const sort = SORTS.find((known) => known === params.get("sort")) ?? defaultSort;
  const order = params.get("order");
  return {
    sort,
    order: order === "asc" || order === "desc" ? order : naturalOrder(sort),
    channel: params.get("channel") || null,
    tag: params.get("tag") || null,
  };
}

export function libraryPath(filter: Partial<LibraryFilter>): string {
  const params = new URLSearchParams();
  if (filter.channel) params.set("channel", filter.channel);
  if (filter.tag) params.set("tag", filter.tag);
  if (filter.sort) params.set("sort", filter.sort);
  if (filter.sort && filter.order && filter.order !== naturalOrder(filter.sort)) params.set("order", filter.order);
  const query = params.toString();
  return query ? `/?${query}` : "/";
}

export function watchPath(id: string): string {
  return `/watch/${encodeURIComponent(id)}`;
}
