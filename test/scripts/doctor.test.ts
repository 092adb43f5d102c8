import { expect, test } from "vitest";
import { linesOf } from "../../scripts/doctor/finding.ts";
import { setupFindings } from "../../scripts/doctor/setup.ts";
import type { Checks } from "../../src/api/checks-schema.ts";

const NOW = Date.UTC(2026, 10, 30);
const DAY_MS = 24 * 3_600_000;
const ago = (days: number) => new Date(NOW - days * DAY_MS).toISOString();
const build = { version: 7, state: "promoted", started_at: ago(6) } as const;

/** A state in which all checks pass. */
const WELL: Checks = {
  version: "0.1.0",
  allowed_git_hosts: ["github.com", "git.example"],
  has_github_token: true,
  has_operator_key: true,
  has_metrics_key: true,
  budget: "ample",
  e2b: { state: "ok", running: 3, most: 20 },
  pool: { least: 2, size: 2, target: 2 },
  template: { name: "warmtree:v7", builds_weekly: true, version: 7, built_at: ago(6), newest_build: build },
};
const told = (change: Partial<Checks>) =>
  setupFindings({ ...WELL, ...change }, NOW)
    .map(linesOf)
    .join("\n");
const template = (change: Partial<Checks["template"]>) => ({ template: { ...WELL.template, ...change } });
const { version: _, built_at: __, newest_build: ___, ...bare } = WELL.template;

test("where all is well, every line says ok", () => {
  expect(told({})).toBe(
    [
      "ok       E2B key        E2B accepts it",
      "ok       room           3 of 20 sandboxes run",
      "ok       warm pool      2 of 2 sandboxes are warm",
      "ok       git hosts      github.com, git.example; GITHUB_TOKEN serves callers without a token",
      "ok       operator key   set",
      "ok       metrics key    set",
      "ok       budget         set, and not spent",
      "ok       template       warmtree:v7, built 6 days ago",
      "ok       weekly build   version 7 began 6 days ago",
    ].join("\n"),
  );
});

test.each<[Partial<Checks>, string]>([
  [{ e2b: { state: "ok", running: 20, most: 20 } }, "missing  room           20 of 20 sandboxes run\n"],
  [{ pool: { least: 2, size: 0, target: 2 } }, "advised  warm pool      0 of 2 sandboxes are warm\n"],
  [{ pool: { least: 2, size: 0, target: 0 } }, "ok       warm pool      begins with the first call\n"],
  [{ pool: { least: 0, size: 0, target: 0 } }, "ok       warm pool      turned off"],
  [{ budget: "spent" }, "missing  budget         spent: new workspaces are refused until the month ends\n"],
  [{ budget: "none" }, "advised  budget         none: nothing bounds the bill\n"],
  [{ has_operator_key: false }, "advised  operator key   not set"],
  [{ has_github_token: false }, "git.example; callers send their own tokens"],
  [{ template: { ...bare, name: "base" } }, "advised  weekly build   none yet"],
  [{ template: { ...bare, name: "base" } }, "advised  template       base: larger"],
  [{ template: { ...bare, name: "mine", builds_weekly: false } }, "ok       template       mine, of your own"],
  [template({ newest_build: { ...build, state: "failed", reason: "no room" } }), "version 7 failed: no room\n"],
  [template({ newest_build: { ...build, started_at: ago(9) } }), "began 9 days ago: the cron does not run\n"],
])("%j: %s", (change, expected) => {
  expect(told(change)).toContain(expected);
});
