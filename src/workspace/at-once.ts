import { WarmtreeError } from "../errors.ts";
import { UNTOUCHED } from "../ops/work.ts";
import type { Caller } from "./caller.ts";

/** Interval at which a running operation renews its mark. */
const RENEW_MS = 2000;
/** Lifetime of a mark: the runtime may drop a request whose client has left, without running `finally`. */
const MARK_MS = 3 * RENEW_MS;

/** Time until which an operation counts as running. */
interface Mark {
  until: number;
}

/** Running operations of each tenant in this isolate. */
const underWay = new Map<string, Set<Mark>>();

type Counted = Pick<Caller, "tenant" | "config">;

/**
 * Runs an operation, unless MAX_OPERATIONS_PER_TENANT of its tenant are running in this isolate.
 * @throws rate_limited
 */
export async function atOnce<Result>({ tenant, config }: Counted, work: () => Promise<Result>): Promise<Result> {
  const most = config.maxOperationsPerTenant;
  const marks = underWay.get(tenant) ?? new Set<Mark>();
  if (marks.size >= most) for (const mark of marks) if (mark.until <= Date.now()) marks.delete(mark);
  if (marks.size >= most) throw tooMany(most);
  const mark = { until: Date.now() + MARK_MS };
  underWay.set(tenant, marks.add(mark));
  // The runtime stops the timer with its request.
  const timer = setInterval(() => {
    mark.until = Date.now() + MARK_MS;
  }, RENEW_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    marks.delete(mark);
    if (marks.size === 0 && underWay.get(tenant) === marks) underWay.delete(tenant);
  }
}

function tooMany(most: number): WarmtreeError {
  return new WarmtreeError(
    "rate_limited",
    `${most} operations of your tenant are under way, and more may not be at once (MAX_OPERATIONS_PER_TENANT). ` +
      "Nothing was done. Call again when one of them has ended.",
    { retryAfterS: 1, limit: "operations_per_tenant", work: UNTOUCHED },
  );
}
