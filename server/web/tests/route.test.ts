import { describe, expect, it } from "vitest";
import { libraryPath, parseRoute, watchPath } from "../src/lib/route";

const back = (path: string) => {
  const [pathname, query = ""] = path.split("?");
  return parseRoute(pathname!, query);
};

describe("addresses", () => {
  it("opens the library in its natural order", () => {
    expect(back("/")).toEqual({ page: "library", filter: { sort: "added", order: "desc", channel: null, tag: null } });
    expect(back("/?sort=title")).toMatchObject({ filter: { sort: "title", order: "asc" } });
  });

  it("comes back from every filter it writes", () => {
    const filter = { sort: "title", order: "desc", channel: "Lena & Ada / 2", tag: "été" } as const;
    expect(back(libraryPath(filter))).toEqual({ page: "library", filter });
    expect(libraryPath({})).toBe("/");
    expect(libraryPath({ sort: "views", order: "desc" })).toBe("/?sort=views");
  });

  it("takes nonsense in the query for the default", () => {
    expect(back("/?sort=colour&order=sideways")).toEqual(back("/"));
  });

  it("opens a video, whatever its id", () => {
    expect(back(watchPath("01JABC"))).toEqual({ page: "watch", id: "01JABC" });
    expect(back(watchPath("a/b %"))).toEqual({ page: "watch", id: "a/b %" });
    expect(back("/watch/%E0%A4%A")).toEqual({ page: "watch", id: "%E0%A4%A" });
  });

  it("knows what it does not know", () => {
    expect(back("/settings").page).toBe("settings");
    expect(back("/watch")).toEqual({ page: "missing", path: "/watch" });
    expect(back("/elsewhere")).toEqual({ page: "missing", path: "/elsewhere" });
  });
});
