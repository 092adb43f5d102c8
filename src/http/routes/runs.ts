import type { Hono } from "hono";
import { runEventsQuery, runListQuery, runQuery } from "../../api/run-schemas.ts";
import { parseQuery } from "../../execution/parse-input.ts";
import { cancelRun, eventsAfter, getRun, getRunItem, listRuns, retryRun } from "../../runs/runs.ts";
import type { Caller } from "../../workspace/caller.ts";
import { answer } from "../answer.ts";
import { callerOf } from "../caller.ts";
import type { HttpContext } from "../context.ts";
import { EventStream, wantsEvents } from "../event-stream.ts";
import { requestIdOf } from "../request-id.ts";

/** Below the time after which proxies close a silent connection. */
const STREAM_WAIT_S = 25;

/** Adds the routes of runs that outlive their connection. */
export function addRunsRoutes(app: Hono<{ Bindings: Env }>): void {
  app.get("/v1/runs", async (c) => {
    const caller = await callerOf(c);
    return answer(await listRuns(caller, parseQuery(runListQuery, c.req.query())));
  });
  app.get("/v1/runs/:run", async (c) => {
    const caller = await callerOf(c);
    return answer(await getRun(caller, c.req.param("run"), parseQuery(runQuery, c.req.query()).wait));
  });
  app.get("/v1/runs/:run/items/:item", async (c) =>
    answer(await getRunItem(await callerOf(c), c.req.param("run"), Number(c.req.param("item")))),
  );
  app.delete("/v1/runs/:run", async (c) => answer(await cancelRun(await callerOf(c), c.req.param("run"))));
  app.post("/v1/runs/:run/retry", async (c) =>
    answer(await retryRun(await callerOf(c), c.req.param("run")), { status: 202 }),
  );
  app.get("/v1/runs/:run/events", async (c) => events(c, await callerOf(c), c.req.param("run")));
}

async function events(c: HttpContext, caller: Caller, run: string): Promise<Response> {
  const { wait, after } = parseQuery(runEventsQuery, c.req.query());
  // An empty header counts as absent.
  const known = Number(c.req.header("Last-Event-ID") || after);
  const from = Number.isSafeInteger(known) && known >= 0 ? known : after;
  const { signal, headers } = c.req.raw;
  if (!wantsEvents(headers)) return answer(await eventsAfter(caller, run, from, wait));
  // Asked before the stream starts: an unknown run is a problem response, not a stream.
  const first = await eventsAfter(caller, run, from, 0);
  // 204 tells a client of server-sent events not to reconnect (HTML Living Standard, 9.2).
  if (first.ended && first.events.length === 0) return answer(null, { requestId: requestIdOf(c.req.raw) });
  const stream = new EventStream();
  caller.waitUntil(follow(stream, first, signal, (cursor) => eventsAfter(caller, run, cursor, STREAM_WAIT_S)));
  return stream.response(requestIdOf(c.req.raw));
}

type Page = Awaited<ReturnType<typeof eventsAfter>>;

/** Sends events until the run has ended. On a failure the stream ends, and the client reconnects with the last id. */
async function follow(
  stream: EventStream,
  first: Page,
  signal: AbortSignal,
  next: (cursor: number) => Promise<Page>,
): Promise<void> {
  try {
    for (let page = first; ; page = await next(page.cursor)) {
      for (const event of page.events) await stream.send(event.type, event, event.id);
      if (page.ended || signal.aborted) return;
    }
  } catch {
    // The client asks again for the missing events.
  } finally {
    await stream.end();
  }
}
