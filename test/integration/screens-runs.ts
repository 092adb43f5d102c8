import type * as z from "zod/v4";
import { ownedRunItemSchema, ownedRunListSchema, ownedRunSchema } from "../../src/api/operator-schemas.ts";
import { NOW } from "./screens-time.ts";

type RunPage = z.output<typeof ownedRunListSchema>;
type Run = z.output<typeof ownedRunSchema>;
type Item = z.output<typeof ownedRunItemSchema>;

const at = (ago: number) => new Date(NOW - ago).toISOString();
const DAY_MS = 86_400_000;
const CHANGE = ["clone", "edit", "status", "push"];
const id = (n: number) => `r0-${String(n).padEnd(32, "7d6b0f0e3c5f4c83")}`;
const kept = (ago: number) => ({ ended_at: at(ago), kept_until: at(ago - 7 * DAY_MS) });
const of = (steps_total: number, steps_done: number, steps_failed = 0) => ({ steps_total, steps_done, steps_failed });
const items = (total: number, done: number, failed: number, running: number) => ({
  items: { total, done, failed, running, canceled: 0, not_begun: total - done - failed - running },
});

const LONG_ABOUT = {
  repository: "gitlab.example.com/platform/services/a-monorepo-whose-name-somebody-chose-with-care",
  agent_id: "an-agent-with-a-long-name-of-its-own",
  task_id: "main",
};

export const NO_RUNS: RunPage = { runs: [] };
/** Runs of each status, with the widest texts that can be expected. */
export const RUNS: RunPage = ownedRunListSchema.parse({
  runs: [
    { status: "queued", created_at: at(1000), ops: ["clone", "log"], ...of(2, 0), tenant: "acme" },
    {
      status: "running",
      created_at: at(9000),
      began_at: at(8800),
      about: { repository: "github.com/acme/api", agent_id: "ada", task_id: "fix-the-greeting" },
      ops: CHANGE,
      ...of(4, 2),
      tenant: "zeta",
    },
    {
      status: "running",
      created_at: at(260_000),
      began_at: at(259_000),
      ops: CHANGE,
      tenant: "acme",
      ...of(2000, 1240, 7),
      ...items(500, 309, 7, 8),
    },
    {
      status: "canceling",
      created_at: at(700_000),
      began_at: at(699_000),
      tenant: "a-tenant-with-a-long-name",
      about: LONG_ABOUT,
      ops: [...CHANGE, ...CHANGE, ...CHANGE],
      ...of(12, 5),
    },
    {
      status: "failed",
      created_at: at(3_700_000),
      began_at: at(3_699_000),
      ...kept(3_600_000),
      tenant: "zeta",
      about: { repository: "github.com/acme/api" },
      ops: ["clone", "read"],
      ...of(2, 1, 1),
    },
    {
      status: "done",
      created_at: at(8_000_000),
      began_at: at(7_999_000),
      ...kept(7_998_100),
      tenant: "acme",
      ops: CHANGE,
      ...of(400, 400),
      ...items(100, 100, 0, 0),
    },
    {
      status: "canceled",
      created_at: at(2 * DAY_MS),
      ...kept(2 * DAY_MS - 5000),
      tenant: "acme",
      ops: ["clone"],
      ...of(1, 0),
    },
  ].map((run, n) => ({ run: id(n), ...run })),
  cursor: "1.r0-x",
});

const UNREACHABLE = {
  code: "git_unreachable",
  detail: "The git host gitlab.example.com answered 503 to git-receive-pack. The commit is kept; nothing was pushed.",
  retryable: true,
};

/** A run with a step that waits for another try. */
export const RUN_THAT_WAITS: Run = ownedRunSchema.parse({
  run: id(1),
  status: "running",
  tenant: "zeta",
  created_at: at(42_000),
  began_at: at(41_000),
  about: LONG_ABOUT,
  ops: [...CHANGE, "push"],
  ...of(5, 2),
  steps: [
    { op: "clone", status: "done", tries: 2, began_at: at(41_000), ended_at: at(28_000) },
    { op: "edit", status: "done", tries: 1, began_at: at(28_000), ended_at: at(27_970) },
    { op: "status", status: "running", tries: 1, began_at: at(27_970) },
    {
      op: "push",
      status: "waiting",
      tries: 3,
      began_at: at(27_900),
      retry_at: at(-8000),
      error: UNREACHABLE,
    },
    { op: "push", status: "not_begun", tries: 0 },
  ].map((step, n) => ({ step: n + 1, ...step })),
});

/** An item with the same steps. */
export const ITEM_THAT_WAITS: Item = ownedRunItemSchema.parse({
  item: 4,
  status: "failed",
  tenant: "zeta",
  steps: RUN_THAT_WAITS.steps,
});

const STATES = ["done", "not_begun", "running", "failed"] as const;

/** A run with the longest list of items that is possible. */
export const RUN_OF_ITEMS: Run = ownedRunSchema.parse({
  run: id(2),
  status: "failed",
  tenant: "a-tenant-with-a-long-name",
  created_at: at(260_000),
  began_at: at(259_000),
  ...kept(1000),
  ops: CHANGE,
  ...of(2000, 1240, 7),
  ...items(500, 125, 125, 125),
  for_each: Array.from({ length: 500 }, (_, n) => ({
    item: n + 1,
    status: STATES[n % STATES.length],
    ...(n % STATES.length === 3 && { step: 4, error: UNREACHABLE }),
  })),
});
