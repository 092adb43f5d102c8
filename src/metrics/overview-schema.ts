import * as z from "zod/v4";
import { ERROR_KINDS } from "../errors.ts";
import { STATES } from "../pool/reconcile.ts";
import { SOURCES } from "../pool/sources.ts";
import { ERROR_TYPES, OPERATIONS, PERIODS, TIERS } from "./catalogue.ts";
import { RANGES } from "./ranges.ts";
import { SIDES } from "./sides.ts";

const counts = <const Keys extends readonly [string, ...string[]]>(keys: Keys) => z.record(z.enum(keys), z.number());
const time = z.iso.datetime();
const usd = z.number();

const latency = z
  .object({ p50: z.number(), p95: z.number(), p99: z.number() })
  .describe("Durations of successful operations, in seconds");

const failedBy = counts(SIDES).describe("Failures by the side that has to act");

const point = z.object({
  at: time,
  seconds: z.number().describe("Length of the point; the last one is incomplete"),
  succeeded: z.number(),
  failed: z.number(),
  failed_by: failedBy,
  latency: latency.nullable(),
  claims: counts(SOURCES),
  sandboxes: counts(STATES).nullable().describe("At its end; null: unknown"),
  pool_target: z.number().nullable(),
  usd_per_hour: usd.nullable(),
});

const ended = z.object({
  at: time,
  operation: z.string(),
  tenant: z.string(),
  seconds: z.number(),
  code: z.enum(Object.keys(ERROR_KINDS)).optional().describe("Error code; absent: it succeeded"),
  source: z.enum(SOURCES).optional().describe("Source of its sandbox"),
  sandbox_id: z.string().optional(),
  repository: z.string().optional().describe("Absent: it failed before its repository was known"),
  agent_id: z.string().optional(),
  request_id: z.string().optional().describe("X-Request-Id of its answer"),
});

/** The operator's overview. Counts cover the range; all other values are current. */
export const overviewSchema = z.object({
  version: z.string(),
  at: time,
  minutes: z.literal(RANGES).describe("The range: how far it looks back"),
  sandboxes: z.object({
    by_state: counts(STATES),
    running: z.number(),
    most: z.number().describe("Limit of running sandboxes"),
  }),
  workspaces: z.object({
    by_tier: counts(TIERS),
    unpushed: z.number().describe("Paused ones with unpushed work, or with unknown content"),
    announced: z.number().describe("Paused ones that will be dropped for good"),
  }),
  pool: z.object({ target: z.number(), size: z.number() }),
  claims: z.object({
    by_source: counts(SOURCES),
    hit_rate: z.number().nullable().describe("Share of claims served by a running or paused sandbox"),
  }),
  operations: z.object({
    per_minute: z.number().describe("In the last minute"),
    succeeded: z.number(),
    failed: z.number(),
    failed_by: failedBy,
    latency: latency.nullable(),
    by_operation: z.array(
      z.object({
        operation: z.enum(OPERATIONS),
        succeeded: z.number(),
        failed: z.number(),
        failed_by: failedBy,
        latency: latency.nullable(),
      }),
    ),
  }),
  errors: z.object({ by_type: counts(ERROR_TYPES) }),
  spend: z.object({
    by_period_usd: counts(PERIODS),
    usd_per_hour: usd.describe("Current cost of the running sandboxes"),
    projected_month_usd: usd.describe("Spent so far, and the rest of the month at the current cost"),
    budget_usd: usd.nullable().describe("null: unlimited"),
  }),
  template: z.object({
    version: z.number().nullable().describe("null: not built by Warmtree"),
    built_at: time.nullable(),
  }),
  snapshots: z.object({ count: z.number(), oldest_at: time.nullable() }),
  points: z.array(point).describe("The range in sixty pieces, oldest first"),
  newest: z.array(ended).describe("Operations that ended last, newest first; may omit some of a busy second"),
});

export type Overview = z.output<typeof overviewSchema>;
