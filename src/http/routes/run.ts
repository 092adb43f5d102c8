import type { Hono } from "hono";
import { type RunInput, runInput } from "../../api/run-schemas.ts";
import { parseInput } from "../../execution/parse-input.ts";
import { StepLog } from "../../steps/log.ts";
import { startRun } from "../../runs/start.ts";
import { planSteps } from "../../steps/plan.ts";
import { runSteps } from "../../steps/run.ts";
import type { Caller } from "../../workspace/caller.ts";
import { answer, serverTiming } from "../answer.ts";
import { readJsonObject } from "../body.ts";
import { ERROR_KINDS, WarmtreeError } from "../../errors.ts";
import { asKnownError } from "../../execution/known-error.ts";
import { type Answered, keyed } from "../keyed.ts";
import type { HttpContext } from "../context.ts";
import { callerOf } from "../caller.ts";
import { requestIdOf } from "../request-id.ts";
import { runOf, runStepOf } from "../run-answer.ts";
import { redactorOf } from "../secrets.ts";
import { EventStream, wantsEvents } from "../event-stream.ts";

/** Adds the route that runs several steps in one request, or starts a run that outlives it. */
export function addRunRoute(app: Hono<{ Bindings: Env }>): void {
  app.post("/v1/run", async (c) => {
    const startedAt = performance.now();
    const caller = await callerOf(c);
    const body = await readJsonObject(c.req.raw);
    refuseNoItems(body);
    const input = parseInput(runInput, body);
    return keyed(c, caller, body, (own) => (input.async ? started(c, own, input) : atOnce(c, own, input, startedAt)));
  });
}

/** Refuses an empty `for_each`: it would be a run with nothing to do. Other empty lists count as absent. */
function refuseNoItems(body: object): void {
  if (!("for_each" in body) || !Array.isArray(body.for_each) || body.for_each.length > 0) return;
  throw new WarmtreeError("invalid_input", "for_each: is empty. Nothing was done.", { field: "for_each" });
}

async function started(c: HttpContext, caller: Caller, input: RunInput): Promise<Answered> {
  const run = await startRun(caller, input);
  const headers = { Location: run.url };
  return { response: answer(run, { status: 202, requestId: requestIdOf(c.req.raw), headers }) };
}

/** Runs the steps while the caller waits, for one response or for an event per step. */
async function atOnce(c: HttpContext, caller: Caller, input: RunInput, startedAt: number): Promise<Answered> {
  const { at_once: sideBySide, on_error: onError, ...given } = input;
  const steps = planSteps(given);
  const redactor = redactorOf(c);
  const { signal: left, headers } = c.req.raw;
  // With a key, the steps also run after the client left: a repeat gets this response, which must be whole.
  const signal = caller.once === undefined ? left : new AbortController().signal;
  const options = { signal, sideBySide, onError } as const;
  if (!wantsEvents(headers)) {
    const log = new StepLog(steps);
    await begun(runSteps(log, caller, options), caller);
    const response = answer(runOf(log, redactor), {
      requestId: requestIdOf(c.req.raw),
      headers: { "Server-Timing": serverTiming(startedAt, caller.cost) },
    });
    return { response, isFinal: Promise.resolve(isFinal(log)) };
  }
  const events = new EventStream();
  const log = new StepLog(steps, (step, state) => {
    if (state.is === "done" || state.is === "failed") void events.send("step", runStepOf(log, step, redactor));
  });
  const onProgress = ({ at, op }: { at: number; op: string }, text: string) =>
    void events.send("progress", { step: at + 1, op, text });
  const run = runSteps(log, caller, { ...options, onProgress }).then(() => {
    void events.send("run", runOf(log, redactor));
    return events.end();
  });
  void begun(run, caller);
  return { response: events.response(requestIdOf(c.req.raw)), isFinal: run.then(() => isFinal(log)) };
}

/** Whether the same steps, sent again, would meet the same failure. */
const isFinal = (log: StepLog): boolean =>
  log.in("failed").every(({ at }) => {
    const state = log.stateOf(at);
    return state.is !== "failed" || !ERROR_KINDS[asKnownError(state.error).code].retryable;
  });

/** Steps that were begun are completed even if the client leaves. */
function begun(run: Promise<void>, caller: Caller): Promise<void> {
  caller.waitUntil(run.catch(() => undefined));
  return run;
}
