import type * as z from "zod/v4";
import { workspacePageSchema } from "../../src/api/operator-schemas.ts";
import { type Overview, overviewSchema } from "../../src/metrics/overview-schema.ts";
import { OPERATIONS } from "../../src/metrics/catalogue.ts";
import { NO_RUNS, RUNS } from "./screens-runs.ts";
import { NOW } from "./screens-time.ts";

type WorkspacePage = z.output<typeof workspacePageSchema>;

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const POINT_MS = 5000;
const POINTS = 60;
const at = (ago: number) => new Date(NOW - ago).toISOString();

const NO_FAILURES = { caller: 0, git_host: 0, service: 0 };
const NO_CLAIMS = { live: 0, paused: 0, snapshot: 0, pool: 0, cold: 0 };
const NO_SANDBOXES = { warming: 0, warm: 0, bound: 0, paused: 0, gone: 0 };
const REPOSITORIES = [
  "github.com/acme/api",
  "github.com/acme/a-monorepo-whose-name-somebody-chose-with-care",
  "gitlab.example.com/platform/services/billing",
];
const TENANTS = ["acme", "a-tenant-with-a-long-name", "zeta"];
const pick = <Value>(values: readonly [Value, ...Value[]] | readonly Value[], n: number) => values[n % values.length];
const uuid = (n: number) => `7d6b0f0e-3c5f-4c83-9f0e-${String(n).padStart(12, "0")}`;
const handle = (n: number) => `s0-${String(n).padStart(20, "k7m2x9qwe3rt")}`;

const points = (of: (n: number) => Partial<Overview["points"][number]>): Overview["points"] =>
  Array.from({ length: POINTS }, (_, n) => ({
    at: new Date(NOW - 2000 - (POINTS - 1 - n) * POINT_MS).toISOString(),
    seconds: n === POINTS - 1 ? 2 : POINT_MS / 1000,
    succeeded: 0,
    failed: 0,
    failed_by: NO_FAILURES,
    latency: null,
    claims: NO_CLAIMS,
    sandboxes: null,
    pool_target: null,
    usd_per_hour: null,
    ...of(n),
  }));

/** The overview of a service that was just deployed. */
const EMPTY: Overview = overviewSchema.parse({
  version: "0.1.0",
  at: at(0),
  minutes: 5,
  sandboxes: { by_state: NO_SANDBOXES, running: 0, most: 20 },
  workspaces: { by_tier: { top: 0, active: 0, idle: 0, cold: 0 }, unpushed: 0, announced: 0 },
  pool: { target: 0, size: 0 },
  claims: { by_source: NO_CLAIMS, hit_rate: null },
  operations: {
    per_minute: 0,
    succeeded: 0,
    failed: 0,
    failed_by: NO_FAILURES,
    latency: null,
    by_operation: OPERATIONS.map((operation) => ({
      operation,
      succeeded: 0,
      failed: 0,
      failed_by: NO_FAILURES,
      latency: null,
    })),
  },
  errors: { by_type: { auth: 0, conflict: 0, network: 0, other: 0 } },
  spend: { by_period_usd: { hour: 0, day: 0, month: 0 }, usd_per_hour: 0, projected_month_usd: 0, budget_usd: null },
  template: { version: null, built_at: null },
  snapshots: { count: 0, oldest_at: null },
  points: points(() => ({})),
  newest: [],
});

/** The overview with the widest texts that can be expected. */
const BUSY: Overview = overviewSchema.parse({
  ...EMPTY,
  sandboxes: { by_state: { warming: 1, warm: 3, bound: 9, paused: 1234, gone: 0 }, running: 12, most: 20 },
  workspaces: { by_tier: { top: 4, active: 3, idle: 2, cold: 1234 }, unpushed: 17, announced: 3 },
  pool: { target: 4, size: 3 },
  claims: { by_source: { live: 10_412, paused: 230, snapshot: 41, pool: 12, cold: 3 }, hit_rate: 0.9947 },
  operations: {
    per_minute: 2163,
    succeeded: 10_402,
    failed: 321,
    failed_by: { caller: 296, git_host: 21, service: 4 },
    latency: { p50: 0.0091, p95: 0.734, p99: 12.41 },
    by_operation: OPERATIONS.map((operation, n) => ({
      operation,
      succeeded: 123_456 >> n,
      failed: 96 >> n,
      failed_by: { caller: 96 >> n, git_host: 0, service: 0 },
      latency: { p50: 0.0091 * (n + 1), p95: 0.234 * (n + 1), p99: 12.41 * (n + 1) },
    })),
  },
  errors: { by_type: { auth: 21, conflict: 212, network: 4, other: 84 } },
  spend: {
    by_period_usd: { hour: 0.21, day: 9.42, month: 131.27 },
    usd_per_hour: 0.4032,
    projected_month_usd: 145.01,
    budget_usd: 200,
  },
  template: { version: 48, built_at: at(6 * DAY_MS) },
  snapshots: { count: 31, oldest_at: at(11 * DAY_MS) },
  points: points((n) => ({
    succeeded: n === 59 ? 20 : 150 + Math.round(60 * Math.sin(n / 5)),
    failed: n % 9 === 0 ? 12 : 2,
    failed_by: n % 9 === 0 ? { caller: 9, git_host: 2, service: 1 } : { caller: 2, git_host: 0, service: 0 },
    // Two single samples: one in the middle and one at the end.
    latency: n === 59 || n === 30 || n < 24 ? { p50: 0.01, p95: 0.4 + n / 100, p99: 0.9 + n / 80 } : null,
    claims: { live: 150, paused: 6, snapshot: 1, pool: n % 20 === 0 ? 2 : 0, cold: 0 },
    sandboxes: n < 10 ? null : { warming: 1, warm: 3, bound: 6 + (n % 4), paused: 1234, gone: 0 },
    pool_target: n < 10 ? null : 4,
    usd_per_hour: 0.4,
  })),
  newest: Array.from({ length: 50 }, (_, n) => ({
    at: at(n * 700),
    operation: pick(OPERATIONS, n),
    tenant: pick(TENANTS, n),
    seconds: [0.0042, 0.31, 12.4][n % 3],
    ...(n % 4 === 3 && { code: pick(["unsupported_media_type", "conflict", "git_unreachable"], n) }),
    ...(n % 8 !== 7 && {
      source: pick(["live", "paused", "snapshot", "pool", "cold"], n),
      sandbox_id: handle(n),
      repository: pick(REPOSITORIES, n),
      agent_id: pick(["ada", "an-agent-with-a-long-name-of-its-own"], n),
    }),
    request_id: uuid(n),
  })),
});

/** The overview with every sandbox running, the budget spent, and one sample in every series. */
const LIMIT: Overview = overviewSchema.parse({
  ...BUSY,
  sandboxes: { by_state: { warming: 0, warm: 0, bound: 20, paused: 3, gone: 0 }, running: 20, most: 20 },
  pool: { target: 0, size: 0 },
  operations: { ...BUSY.operations, failed: 1021, failed_by: { caller: 12, git_host: 9, service: 1000 } },
  spend: { ...BUSY.spend, by_period_usd: { hour: 1, day: 20, month: 200.12 }, projected_month_usd: 210.5 },
  points: points((n) =>
    n === 58
      ? {
          succeeded: 1,
          failed: 1,
          failed_by: { caller: 0, git_host: 0, service: 1 },
          latency: { p50: 0.1, p95: 0.2, p99: 0.3 },
          claims: { ...NO_CLAIMS, live: 1 },
          sandboxes: { ...NO_SANDBOXES, bound: 20 },
          pool_target: 2,
        }
      : {},
  ),
});

const NO_WORKSPACES: WorkspacePage = { workspaces: [] };
const WORKSPACES: WorkspacePage = workspacePageSchema.parse({
  workspaces: Array.from({ length: 12 }, (_, n) => ({
    sandbox_id: handle(n),
    repository: pick(REPOSITORIES, n),
    ...(n % 5 !== 4 && { agent_id: pick(["ada", "an-agent-with-a-long-name-of-its-own"], n), task_id: `task-${n}` }),
    created_at: at(2 * DAY_MS),
    last_used_at: at(n * 17 * MINUTE_MS + 4000),
    tenant: pick(TENANTS, n),
    ...(n < 6
      ? { state: "bound", tier: pick(["top", "active", "idle"], n), pauses_at: at(-40 * MINUTE_MS) }
      : { state: "paused", tier: "cold", unpushed: n % 2 === 0, drops_at: at(-14 * DAY_MS - n * DAY_MS) }),
  })),
  cursor: "1.s0-x",
});

/** The number of rows that fits into a picture of the page. */
const FEW = 3;
const FEW_RUNS = 5;

export const SCENES = {
  busy: { overview: BUSY, workspaces: WORKSPACES, runs: RUNS },
  empty: { overview: EMPTY, workspaces: NO_WORKSPACES, runs: NO_RUNS },
  limit: { overview: LIMIT, workspaces: WORKSPACES, runs: NO_RUNS },
  /** The service was reached once, and is no longer reachable. */
  offline: { overview: BUSY, workspaces: WORKSPACES, runs: RUNS },
  /** At a laptop's size, these are docs/page-light.png and docs/page-dark.png. */
  usual: {
    overview: { ...BUSY, newest: BUSY.newest.slice(0, FEW) },
    workspaces: { workspaces: WORKSPACES.workspaces.slice(0, FEW) },
    runs: { runs: RUNS.runs.slice(1, FEW_RUNS + 1) },
  },
} as const;
