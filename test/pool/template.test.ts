import { describe, expect, test } from "vitest";
import {
  nextVersion,
  restoreBuildRecord,
  restorePromoted,
  retirable,
  stableVersion,
  templateName,
} from "../../src/pool/template.ts";

const tag = (name: string, buildId: string, assignedAtMs = 0) => ({ tag: name, buildId, assignedAtMs });

const TAGS = [
  tag("v2", "two", 200),
  tag("stable", "ten", 1100),
  tag("v10", "ten", 1000),
  tag("v11", "failed", 1200),
  tag("default", "other"),
  tag("v012", "other"),
  tag("very-old", "other"),
];

describe("versions", () => {
  test("grow, those of failed builds and those that only the pool remembers included", () => {
    expect(nextVersion([], 0)).toBe(1);
    expect(nextVersion(TAGS, 0)).toBe(12);
    expect(nextVersion(TAGS, 15)).toBe(16);
  });

  test("the stable one is found by its build, and dated by when that was asked for", () => {
    expect(stableVersion(TAGS)).toEqual({ version: 10, builtAt: 1000 });
    expect(stableVersion(TAGS.filter((of) => of.tag !== "stable"))).toBeUndefined();
    expect(stableVersion([tag("stable", "unnamed")])).toBeUndefined();
  });

  test("are retired when they are older than the current one and nothing was started from them", () => {
    expect(retirable(TAGS, 10, new Set())).toEqual(["v2"]);
    expect(retirable(TAGS, 10, new Set([templateName(2)]))).toEqual([]);
    expect(retirable(TAGS, 12, new Set(["base", templateName(10)]))).toEqual(["v2", "v11"]);
  });
});

test("what is stored and not readable is as if it were not there", () => {
  const promoted = { version: 3, builtAt: 5 };
  const record = { version: 3, state: "failed", startedAt: 1, endedAt: 2, reason: "no" };
  expect(restorePromoted(promoted)).toEqual(promoted);
  expect(restoreBuildRecord(record)).toEqual(record);
  const unreadable = [undefined, null, "v3", { version: 0, builtAt: 5 }];
  expect(unreadable.map(restorePromoted)).toEqual(unreadable.map(() => undefined));
  expect(restoreBuildRecord({ ...record, state: "lost" })).toBeUndefined();
});
