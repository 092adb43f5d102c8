import { expect, test } from "vitest";
import { newsOfRuns } from "../../src/dashboard/news.ts";
import type { RunStatus, RunSummary } from "../../src/dashboard/types.ts";
import { SCENES } from "../integration/screens-data.ts";

const { overview } = SCENES.busy;
const at = (second: number) => ({ ...overview, at: new Date(Date.UTC(2026, 0, 1, 12, 0, second)).toISOString() });
const shown = (status: RunStatus): RunSummary[] =>
  [SCENES.busy.runs.runs[0]].flatMap((run) => (run ? [{ ...run, status }] : []));

test.each(["queued", "running", "canceling"] as const)("while a run is %s, each overview is news", (status) => {
  expect(newsOfRuns(at(3), shown(status))).not.toBe(newsOfRuns(at(0), shown(status)));
});

test.each(["done", "failed", "canceled"] as const)(
  "if all are %s, an operation that ended is news, and a minute that is over",
  (status) => {
    const before = newsOfRuns(at(0), shown(status));
    expect(newsOfRuns(at(57), shown(status))).toBe(before);
    expect(newsOfRuns(at(60), shown(status))).not.toBe(before);
    expect(newsOfRuns({ ...at(3), newest: overview.newest.slice(1) }, shown(status))).not.toBe(before);
  },
);
