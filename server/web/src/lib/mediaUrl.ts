/** Addresses below `/media`: the path says what, `token` in the query that one may. */

const BASE = "http://hub";

/** `url`, which may be relative or not, with this token instead of the one it came with. */
export function withToken(url: string, token: string | null): string {
  if (token === null) return url;
  const [address, fragment] = split(url, "#");
  const [path, query] = split(address, "?");
  const params = new URLSearchParams(query);
  params.set("token", token);
  return `${path}?${params}${fragment === "" ? "" : `#${fragment}`}`;
}

export function tokenOf(url: string): string | null {
  return new URL(url, BASE).searchParams.get("token");
}

/** Whether two addresses differ in their token at most. */
export function isSamePlace(a: string, b: string): boolean {
  return withToken(a, "") === withToken(b, "");
}

function split(text: string, at: string): [string, string] {
  const index = text.indexOf(at);
  return index < 0 ? [text, ""] : [text.slice(0, index), text.slice(index + 1)];
}
