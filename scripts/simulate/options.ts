import { parseArgs } from "node:util";
import * as z from "zod/v4";
import { readTrace } from "./csv.ts";
import type { Trace } from "./trace.ts";
import { synthesise, WORKLOADS } from "./workload.ts";

export const USAGE = `npm run simulate -- [--workload 200|2k|10k] [--trace FILE] [--seeds N] [--json] [--svg FILE] [--budget USD]

Plays a week of agents through the rules of src/pool and through others, and compares what they cost and
how long agents wait: dollars for 30 days of running sandboxes; sessions whose first operation waited at
most 1.5 s; seconds waited in a session; J, which is rent plus $0.005 for a second of waiting, over that
of a clairvoyant; and the same for the pool alone.

  --workload   synthetic sessions a day (default: 2k); see scripts/simulate/workload.ts for what they do
  --trace      instead, what happened: CSV with the header time,repo,agent (time in seconds, Unix or from
               any beginning; also size_mb, of the repository). One workspace for each repository and agent
  --seeds      synthetic workloads drawn, of which the mean is shown (default: 3)
  --svg        writes a picture of cost against waiting
  --budget     instead of a comparison, a month under this limit, in which the load doubles on day 14
  --json       [{policy, usd_month, starts_within_1_5s, mean_wait_s, j_over_bound, pool_j_over_bound?}];
               with --budget [{brake, usd, of_limit, refused, mean_wait_s}]`;

const WEEK_DAYS = 7;
const MONTH_DAYS = 30;
const DOUBLES_ON_DAY = 14;

export interface SimulateOptions {
  readonly help: boolean;
  readonly workload: keyof typeof WORKLOADS;
  readonly trace: string | undefined;
  readonly seeds: number;
  readonly json: boolean;
  readonly svg: string | undefined;
  readonly budgetUsd: number | undefined;
}

const schema = z.object({
  workload: z.enum(["200", "2k", "10k"]),
  seeds: z.coerce.number().int().min(1).max(100),
  budget: z.coerce.number().positive().optional(),
});

/** Throws an Error with one line for the user when an argument is wrong. */
export function readOptions(args: readonly string[]): SimulateOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: "boolean", short: "h", default: false },
      workload: { type: "string", default: "2k" },
      trace: { type: "string" },
      seeds: { type: "string", default: "3" },
      json: { type: "boolean", default: false },
      svg: { type: "string" },
      budget: { type: "string" },
    },
  });
  const parsed = schema.safeParse(values);
  if (!parsed.success) {
    throw new Error(parsed.error.issues.map(({ path, message }) => `--${path.join(".")}: ${message}`).join("\n"));
  }
  const { workload, seeds, budget } = parsed.data;
  const { help, trace, json, svg } = values;
  if (budget !== undefined && (trace !== undefined || svg !== undefined)) {
    throw new Error("--budget draws a month of its own: it goes with --workload, --seeds and --json");
  }
  return { help, workload, seeds, json, trace, svg, budgetUsd: budget };
}

/** Returns the weeks to play. Throws an Error that names the line if a file is not a trace. */
export function tracesOf({ workload, trace, seeds }: SimulateOptions): Trace[] {
  if (trace !== undefined) return [readTrace(trace)];
  return draw(seeds, (seed) => synthesise(workload, { sessionsPerDay: WORKLOADS[workload], days: WEEK_DAYS, seed }));
}

/** Returns months whose load doubles. */
export function monthsOf({ workload, seeds }: SimulateOptions): Trace[] {
  const shape = { sessionsPerDay: WORKLOADS[workload], days: MONTH_DAYS, doublesOnDay: DOUBLES_ON_DAY };
  return draw(seeds, (seed) => synthesise(workload, { ...shape, seed }));
}

function draw(seeds: number, one: (seed: number) => Trace): Trace[] {
  return Array.from({ length: seeds }, (_, index) => one(index + 1));
}
