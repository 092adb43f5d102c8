import * as z from "zod/v4";
import { ERROR_KINDS } from "../errors.ts";
import { STATES } from "../pool/reconcile.ts";
import { SOURCES } from "../pool/sources.ts";
import { ERROR_TYPES, OPERATIONS, PERIODS, TIERS } from "./catalogue.ts";

/** Selectable ranges of an overview, in minutes. */
export const RANGES = [5, 15, 60] as const;

const counts = <const Keys extends readonly [string, ...string[]]>(keys: Keys) => z.record(z.enum(keys), z.number());
const time = z.iso.datetime();
const usd = z.number();

const latency = z
  .object({ p50: z.number(), p95: z.number(), p99: z.number() })
  .describe("Seconds that operations took which succeeded");

const point = z.object({
  at: time,
  seconds: z.number().describe("How much time it covers; the last one is not over yet"),
  succeeded: z.number(),
  failed: z.number(),
  latency: latency.nullable(),
  claims: counts(SOURCES),
  sandboxes: counts(STATES).nullable().describe("At its end; null where nobody knows"),
  pool_target: z.number().nullable(),
  usd_per_hour: usd.nullable(),
});

const ended = z.object({
  at: time,
  operation: z.string(),
  tenant: z.string(),
  seconds: z.number(),
  code: z.enum(Object.keys(ERROR_KINDS)).optional().describe("What it failed of; absent: it succeeded"),
  source: z.enum(SOURCES).optional().describe("Where its sandbox came from"),
  sandbox_id: z.string().optional(),
});

/** The operator's overview. Counts cover the range; all other values are current. */
export const overviewSchema = z.object({
  version: z.string(),
  at: time,
  minutes: z.literal(RANGES).describe("The range: how far it looks back"),
  sandboxes: z.object({
    by_state: counts(STATES),
    running: z.number(),
    most: z.number().describe("How many may run at once"),
  }),
  workspaces: z.object({
    by_tier: counts(TIERS),
    unpushed: z.number().describe("Paused ones with work that no remote has, or of which nobody knows"),
    announced: z.number().describe("Paused ones that are going to be dropped for good"),
  }),
  pool: z.object({ target: z.number(), size: z.number() }),
  claims: z.object({
    by_source: counts(SOURCES),
    hit_rate: z.number().nullable().describe("Of the claims, those that found a sandbox running or paused"),
  }),
  operations: z.object({
    per_minute: z.number().describe("In the last minute"),
    succeeded: z.number(),
    failed: z.number(),
    latency: latency.nullable(),
    by_operation: z.array(
      z.object({
        operation: z.enum(OPERATIONS),
        succeeded: z.number(),
        failed: z.number(),
        latency: latency.nullable(),
      }),
    ),
  }),
  errors: z.object({ by_type: counts(ERROR_TYPES) }),
  spend: z.object({
    by_period_usd: counts(PERIODS),
    usd_per_hour: usd.describe("What the running sandboxes cost now"),
    projected_month_usd: usd.describe("At the month's pace so far"),
    budget_usd: usd.nullable().describe("null: no limit is set"),
  }),
  template: z.object({
    version: z.number().nullable().describe("null: one that Warmtree did not build"),
    built_at: time.nullable(),
  }),
  snapshots: z.object({ count: z.number(), oldest_at: time.nullable() }),
  points: z.array(point).describe("The range in sixty pieces, oldest first"),
  newest: z.array(ended).describe("Operations that ended last, newest first; not necessarily all of a busy second"),
});

export type Overview = z.output<typeof overviewSchema>;
