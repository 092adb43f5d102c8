import * as z from "zod/v4";
import type { durableRunSchema, runEventsSchema, runItemSchema, runListSchema } from "../api/run-schemas.ts";
import { hasEnded, type RunPageEnd, type RunStatus, type RunView } from "../durable/runs/types.ts";
import { WarmtreeError } from "../errors.ts";
import type { Caller, PoolClientContext } from "../workspace/caller.ts";
import { noRun, runsOf, runsOfTenant } from "./runs-object.ts";
import { sealTokens } from "./sealed-tokens.ts";
import { eventsOf, itemOf, stepsOf, summaryOf } from "./wire.ts";

const itemValues = z.array(z.record(z.string(), z.string()));

type WireRun = z.output<typeof durableRunSchema>;
type Owner = Pick<Caller, "tenant"> & PoolClientContext;

/**
 * Returns a run with its steps, or with its items.
 * @param waitS longest wait for the end of the run, in seconds
 * @throws not_found
 */
export async function getRun(caller: Owner, run: string, waitS = 0): Promise<WireRun> {
  const own = { tenant: caller.tenant, run };
  const view = await runsOf(caller, run).view({ ...own, waitMs: waitS * 1000 });
  if (!view) throw noRun();
  if (view.items === undefined) {
    return { ...summaryOf(view), steps: stepsOf(view.ops, await runsOf(caller, run).steps(own, 0)) };
  }
  const [failures, values] = await Promise.all([runsOf(caller, run).failures(own), valuesOf(caller, run)]);
  const known = new Map(failures.map((one) => [one.item, one]));
  return {
    ...summaryOf(view),
    for_each: values.map((one, at) => itemOf(at + 1, one, known.get(at + 1), hasEnded(view.status))),
  };
}

/** Returns one item of a run with its steps. @throws not_found */
export async function getRunItem(caller: Owner, run: string, item: number): Promise<z.output<typeof runItemSchema>> {
  const own = { tenant: caller.tenant, run };
  const [view, all, failures, rows] = await Promise.all([
    runsOf(caller, run).view(own),
    valuesOf(caller, run),
    runsOf(caller, run).failures(own),
    runsOf(caller, run).steps(own, item),
  ]);
  const values = all[item - 1];
  if (!view || !values) throw noRun();
  const known = failures.find((one) => one.item === item);
  return { ...itemOf(item, values, known, hasEnded(view.status)), steps: stepsOf(view.ops, rows) };
}

async function valuesOf(caller: Owner, run: string): Promise<Readonly<Record<string, string>>[]> {
  const items = await runsOf(caller, run).items({ tenant: caller.tenant, run });
  return items === "" ? [] : itemValues.parse(JSON.parse(items));
}

interface Page {
  readonly status?: RunStatus | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** Lists a tenant's runs, newest first. @throws invalid_input for an unknown cursor */
export async function listRuns(caller: Owner, page: Page): Promise<z.output<typeof runListSchema>> {
  const { status, limit, cursor } = page;
  const views = await runsOfTenant(caller).list({
    tenant: caller.tenant,
    limit: limit + 1,
    ...(status && { status }),
    ...(cursor !== undefined && { end: endOf(cursor) }),
  });
  return pageOf(views, limit);
}

/** Returns a page of runs. A view beyond `limit` means that there is another page. */
export function pageOf(views: readonly RunView[], limit: number): z.output<typeof runListSchema> {
  const last = views[limit - 1];
  const hasMore = views.length > limit && last !== undefined;
  return {
    runs: views.slice(0, limit).map(summaryOf),
    ...(hasMore && { cursor: `${last.createdAt}.${last.run}` }),
  };
}

export function endOf(cursor: string): RunPageEnd {
  const { at, run = "" } = /^(?<at>\d{1,15})\.(?<run>r[\w-]+)$/.exec(cursor)?.groups ?? {};
  if (at !== undefined) return { createdAt: Number(at), run };
  throw new WarmtreeError("invalid_input", "cursor: is that of no page. Nothing was done.", { field: "cursor" });
}

/** Cancels a run; an ended run stays unchanged. @throws not_found */
export async function cancelRun(caller: Owner, run: string): Promise<WireRun> {
  await runsOf(caller, run).cancel({ tenant: caller.tenant, run });
  return getRun(caller, run);
}

/** Continues a run that failed or was canceled. @throws not_found or run_not_ended */
export async function retryRun(caller: Owner & Pick<Caller, "gitTokens">, run: string): Promise<WireRun> {
  const { tenant, gitTokens, config } = caller;
  const sealed = gitTokens && (await sealTokens(gitTokens, run, config.leaseKeys));
  const isBegun = await runsOf(caller, run).retry({ tenant, run, ...(sealed !== undefined && { sealed }) });
  const view = await getRun(caller, run);
  if (isBegun) return view;
  const detail = `The run is ${view.status}; only a failed or canceled run can be retried. Nothing was done.`;
  throw new WarmtreeError("run_not_ended", detail);
}

/**
 * Returns events of a run after a known event.
 * @param waitS longest wait for an event if there is none yet, in seconds
 * @throws not_found
 */
export async function eventsAfter(
  caller: Owner,
  run: string,
  after: number,
  waitS: number,
): Promise<z.output<typeof runEventsSchema>> {
  const page = await runsOf(caller, run).events({ tenant: caller.tenant, run, after, waitMs: waitS * 1000 });
  if (!page) throw noRun();
  return eventsOf(page, after);
}
