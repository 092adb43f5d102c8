import { describe, expect, test } from "vitest";
import type { Point, Status, Workspace } from "../../src/dashboard/types.ts";
import { alone, type ChartData, columnsOf, summaryOf } from "../../src/dashboard/chart-series.ts";
import { ago, count, plural, rate, seconds, span, until, usd } from "../../src/dashboard/format.ts";
import { lossOf } from "../../src/dashboard/loss.ts";
import { isShown } from "../../src/dashboard/filter.ts";
import { hashOf, placeOf } from "../../src/dashboard/place.ts";
import { isAlarming, perMinute } from "../../src/dashboard/rates.ts";
import { nextOf } from "../../src/dashboard/workspace-texts.ts";

test.each([
  [seconds(0), "0 ms"],
  [seconds(0.0042), "4.2 ms"],
  [seconds(0.25), "250 ms"],
  [seconds(1.24), "1.2 s"],
  [seconds(125), "2 min"],
  [usd(0), "$0.00"],
  [usd(0.00123), "$0.0012"],
  [usd(12.3), "$12.30"],
  [usd(1234.5), "$1,235"],
  [rate(3.14), "3.1"],
  [rate(31.4), "31"],
  [count(12_345), "12,345"],
  [span(59_999), "59 s"],
  [span(3_600_000), "1 h"],
  [span(200 * 3_600_000), "8 d"],
  [ago("2026-01-01T00:00:00Z", Date.UTC(2026, 0, 1, 0, 5)), "5 min ago"],
  [ago("2026-01-01T00:00:00Z", Date.UTC(2025, 0, 1)), "now"],
  [until("2026-01-01T00:05:00Z", Date.UTC(2026, 0, 1)), "in 5 min"],
  [plural(1, "file"), "1 file"],
  [plural(2, "file"), "2 files"],
])("%s is written as %s", (text, expected) => {
  expect(text).toBe(expected);
});

describe("what would be lost", () => {
  const workspace = (unpushed?: boolean): Workspace => ({
    sandbox_id: "s0-x",
    repository: "github.com/o/r",
    state: "paused",
    created_at: "",
    last_used_at: "",
    tenant: "acme",
    ...(unpushed === undefined ? {} : { unpushed }),
  });
  const status = (parts: Partial<Status> = {}): Status => ({
    branch: "agent/ada/t",
    head: "0".repeat(40),
    clean: true,
    conflicts: [],
    staged: [],
    modified: [],
    untracked: [],
    total: 0,
    truncated: false,
    unpushed_commits: 0,
    ...parts,
  });

  test.each([
    ["paused, with something", workspace(true), undefined, "It was paused with work that is not pushed", true],
    ["paused, with nothing", workspace(false), undefined, "Nothing is lost", false],
    ["paused, nobody knows", workspace(), undefined, "is not known", true],
    ["clean, ahead of where it began, all pushed", workspace(), status({ ahead: 3 }), "Nothing is lost", false],
    [
      "commits",
      workspace(),
      status({ unpushed_commits: 2 }),
      "2 commits that the remote does not have will be lost.",
      true,
    ],
    [
      "more files than are told",
      workspace(),
      status({ untracked: ["a"], truncated: true }),
      "more than 1 changed file",
      true,
    ],
  ])("%s", (_, of, told, summary, some) => {
    expect(lossOf(of, told)).toMatchObject({ summary: expect.stringContaining(summary), some });
  });

  test("names files, each once, and not too many", () => {
    const change = (path: string) => ({ path, change: "modified" as const });
    const staged = [change("a"), change("b")];
    const untracked = Array.from({ length: 20 }, (_, n) => `new-${n}`);
    const { summary, files } = lossOf(
      workspace(),
      status({ staged, modified: [change("b")], untracked, unpushed_commits: 1 }),
    );
    expect(summary).toBe("1 commit that the remote does not have and 22 changed files will be lost.");
    expect(files).toEqual(["a", "b", "new-0", "new-1", "new-2", "new-3", "new-4", "new-5"]);
  });
});

test.each([
  [0, { caller: 0, git_host: 0, service: 0 }, false],
  [19, { caller: 0, git_host: 0, service: 1 }, false],
  [19, { caller: 0, git_host: 1, service: 1 }, true],
  [0, { caller: 9, git_host: 0, service: 0 }, false],
])("beside %i successes, failures of %j are marked: %s", (succeeded, failed_by, expected) => {
  const failed = failed_by.caller + failed_by.git_host + failed_by.service;
  expect(isAlarming({ succeeded, failed, failed_by })).toBe(expected);
});

describe("the next step of a workspace", () => {
  const workspace = { sandbox_id: "s0-x", repository: "r", created_at: "", last_used_at: "", tenant: "acme" };
  const now = Date.UTC(2026, 0, 1);
  test.each([
    [{ state: "paused", drops_at: "2026-01-15T12:00:00Z" } as const, "dropped Jan 15, in 14 d"],
    [{ state: "bound", pauses_at: "2026-01-01T00:40:00Z" } as const, "paused in 40 min"],
    [{ state: "bound" } as const, "stays running"],
    [{ state: "gone" } as const, "–"],
  ])("%j: %s", (facts, expected) => {
    expect(nextOf({ ...workspace, ...facts }, now)).toBe(expected);
  });
});

describe("the address", () => {
  const all = { minutes: 5, tenant: "", text: "" } as const;
  test.each([
    ["", all],
    [
      "#minutes=15&workspace=s0-x&tenant=acme&text=o%2Fr+x",
      { minutes: 15, workspace: "s0-x", tenant: "acme", text: "o/r x" },
    ],
    ["#minutes=60", { ...all, minutes: 60 }],
    ["#run=r0-x&status=failed", { ...all, run: "r0-x", status: "failed" }],
  ] as const)("'%s' says what is shown, and is what it is written as", (hash, place) => {
    expect(placeOf(hash)).toEqual(place);
    expect(hashOf(place)).toBe(hash);
  });

  test.each(["#minutes=7", "#minutes=5", "#status=ended", "#x", "#"])("of '%s' nothing is known", (hash) => {
    expect(placeOf(hash)).toEqual(all);
  });
});

test.each([
  [{ tenant: "acme", text: "" }, true],
  [{ tenant: "acm", text: "" }, false],
  [{ tenant: "", text: "O/R" }, true],
  [{ tenant: "", text: "conflict" }, true],
  [{ tenant: "", text: "id-1" }, true],
  [{ tenant: "acme", text: "elsewhere" }, false],
])("with %j an operation is shown: %s", (place, expected) => {
  const known = { repository: "github.com/o/r", agent_id: "ada", request_id: "id-1", code: "conflict" } as const;
  expect(isShown({ at: "", operation: "push", tenant: "acme", seconds: 1, ...known }, place)).toBe(expected);
});

test("values that no line shows are drawn as points", () => {
  expect(alone([1, null, 2, 3, null, null, 0])).toEqual([0, 6]);
  expect(alone([null, 4])).toEqual([1]);
});

describe("charts", () => {
  const point = (second: number, succeeded: number, failed: number, length = 10): Point => ({
    at: new Date(second * 1000).toISOString(),
    seconds: length,
    succeeded,
    failed,
    failed_by: { caller: failed, git_host: 0, service: 0 },
    latency: null,
    claims: { live: 0, paused: 0, snapshot: 0, pool: 0, cold: 0 },
    sandboxes: null,
    pool_target: null,
    usd_per_hour: null,
  });
  const points = [point(0, 1, 2), point(10, 3, 0), point(20, 5, 0, 4)];
  const series = (kind: ChartData["kind"]): ChartData => ({
    kind,
    points,
    series: [
      { label: "succeeded", color: "good", value: perMinute({ points }, ({ succeeded }) => succeeded) },
      { label: "failed", color: "bad", value: perMinute({ points }, ({ failed }) => failed) },
    ],
    line: { label: "all", color: "text", value: ({ latency }) => latency?.p50 ?? null },
  });

  test("stand on each other, the last series on top and drawn first; the piece that runs has no rate", () => {
    expect(columnsOf(series("bars"))).toEqual([
      [5, 15, 25],
      [18, 18, null],
      [6, 18, null],
      [null, null, null],
    ]);
  });

  test("or each for itself", () => {
    expect(columnsOf(series("lines")).slice(1, 3)).toEqual([
      [6, 18, null],
      [12, 0, null],
    ]);
  });

  test("are told in words", () => {
    expect(summaryOf(series("bars"), count)).toBe(
      "succeeded: 18 last, 18 at most; failed: 0 last, 12 at most; all: nothing",
    );
  });
});
