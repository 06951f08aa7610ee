import { describe, expect, it } from "vitest";
import type { Job } from "../src/api/types";
import { newsOf } from "../src/lib/jobNews";

const ended = (kind: string, detail: object | null = null) => ({ id: "1", kind, title: "Scanning films", state: "done", detail }) as Job;

describe("the end of a job", () => {
  it("is told when a scan changed something, whoever began it", () => {
    expect(newsOf(ended("scan", { files_new: 9, errors: 3 }), true, false)).toEqual({ text: "9 videos added, 3 files passed over", report: true });
    expect(newsOf(ended("scan-changes", { files_new: 1 }), false, false)).toEqual({ text: "1 video added", report: false });
    expect(newsOf(ended("scan-changes", { files_missing: 2 }), false, false)?.text).toBe("2 files missing");
  });

  it("is told to the one who asked even if nothing changed, and to nobody else", () => {
    expect(newsOf(ended("scan", { files_unchanged: 4 }), true, false)?.text).toBe("Nothing has changed");
    expect(newsOf(ended("scan", { errors: 2 }), true, false)).toEqual({ text: "Nothing has changed, 2 files passed over", report: true });
    expect(newsOf(ended("scan", { errors: 2 }), false, false)).toBeNull();
    expect(newsOf(ended("scan-changes"), false, false)).toBeNull();
    expect(newsOf(ended("thumbnails"), true, false)).toBeNull();
  });

  it("is told once for the demo, not for its scans", () => {
    expect(newsOf(ended("scan", { files_new: 5 }), false, true)).toBeNull();
    expect(newsOf(ended("demo"), true, false)?.text).toBe("The demo is ready");
  });
});
