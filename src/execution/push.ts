import type * as z from "zod/v4";
import { dispatch } from "./dispatch.ts";
import type { Grant } from "../durable/sandboxes/grant.ts";
import type { PushOutcome } from "../durable/pushes/push-turns.ts";
import { WarmtreeError, type Work } from "../errors.ts";
import { encodeBase64 } from "../ops/output/content.ts";
import type { PushContext } from "../ops/operation.ts";
import type { LostRace, Parsed } from "../ops/output/script-output.ts";
import { push, type Pushed } from "../ops/push.ts";
import { granted, notGranted, useWorkspace } from "../workspace/grants.ts";
import { poolOf } from "../workspace/pool.ts";
import type { Caller } from "../workspace/caller.ts";

type PushInput = z.output<typeof push.input>;

/**
 * Commits and pushes. Pushes to one branch run one after the other; calls that repeat a push share its outcome. A push
 * that was begun completes even if the caller leaves.
 * @throws branch_busy if the turn does not come in time, or the code of the pool's refusal
 */
export function pushInTurn(input: PushInput, caller: Caller): Promise<Parsed<Pushed>> {
  const work = inTurn(input, caller, input.to, async (grant, waited) => {
    const context: PushContext = input.to === undefined ? { turn: "none" } : waited;
    return afterRace(input, caller, await dispatch(push, input, grant, caller, { push: context }));
  });
  caller.waitUntil(work.catch(() => undefined));
  return work;
}

/** Repeats a push that lost a race without a turn, now with a turn. */
export function pushAgain(input: PushInput, caller: Caller, lost: LostRace): Promise<Parsed<Pushed>> {
  const context: PushContext = { turn: "waited", lost };
  return inTurn(input, caller, lost.to, (grant) => dispatch(push, input, grant, caller, { push: context }), lost);
}

const afterRace = async (input: PushInput, caller: Caller, parsed: Parsed<Pushed>): Promise<Parsed<Pushed>> =>
  parsed.ok || !parsed.lost ? parsed : pushAgain(input, caller, parsed.lost);

type Send = (grant: Grant, waited: PushContext) => Promise<Parsed<Pushed>>;

/** @param lost race that an earlier try lost */
async function inTurn(
  input: PushInput,
  caller: Caller,
  to: string | undefined,
  send: Send,
  lost?: LostRace,
): Promise<Parsed<Pushed>> {
  const place = await enter(input, caller, to, lost);
  // The queue serves speed and fairness only: without it, the remote still decides every race.
  if (!place) return send(await useWorkspace(caller, input.sandbox_id), {});
  if (!place.ok) throw notGranted(place);
  const grant = granted(caller, place.grant);
  switch (place.kind) {
    case "turn": {
      const sendOnce = send(grant, place.waited ? { turn: "waited" } : {});
      caller.waitUntil(endTurn(place.turn, sendOnce));
      return sendOnce;
    }
    case "outcome":
      return joined(input, caller, grant, place.outcome, place.joinedLate);
    case "late":
      throw late(place.before, place.retryAfterS, lost);
  }
}

/** Waits in the pool's queue. Returns undefined if the pool does not answer. */
async function enter(input: PushInput, caller: Caller, to: string | undefined, lost: LostRace | undefined) {
  const { tenant, onBefore } = caller;
  const request = { tenant, sandboxId: input.sandbox_id, repeat: await repeatOf(input, caller, lost?.sha) };
  const notify = onBefore && (async (before: number) => onBefore(before));
  return poolOf(caller, input.sandbox_id)
    .push(to === undefined ? request : { ...request, to }, notify)
    .catch(() => undefined);
}

/**
 * Returns a digest that is equal for tries of the same call (`once`), otherwise for calls with the same input and
 * credential. It does not reveal the credential.
 * @param sha commit already made for the push
 */
async function repeatOf(input: PushInput, { gitTokens = new Map(), once }: Caller, sha = ""): Promise<string> {
  const call = once === undefined ? [input, [...gitTokens], sha] : [once, sha];
  const text = new TextEncoder().encode(JSON.stringify(call));
  return encodeBase64(new Uint8Array(await crypto.subtle.digest("SHA-256", text)));
}

interface Turn extends Disposable {
  end(outcome: PushOutcome): Promise<void>;
}

/** Ends the turn in the background. If the object is gone, so is the turn. */
async function endTurn(turn: Turn, sendOnce: Promise<Parsed<Pushed>>): Promise<void> {
  using held = turn;
  try {
    await held.end(outcomeOf(await sendOnce));
  } catch (error) {
    if (error instanceof WarmtreeError) await held.end(failed(error)).catch(() => undefined);
  }
}

const outcomeOf = (parsed: Parsed<Pushed>): PushOutcome => (parsed.ok ? parsed : failed(parsed.error));

const failed = ({ code, message, details }: WarmtreeError): PushOutcome => ({
  ok: false,
  code,
  detail: message,
  details,
});

/**
 * Returns the outcome of a push begun by another call. If this call came late, asks the sandbox, because files may have
 * been edited since.
 */
async function joined(
  input: PushInput,
  caller: Caller,
  grant: Grant,
  outcome: PushOutcome,
  joinedLate: boolean,
): Promise<Parsed<Pushed>> {
  if (!outcome.ok) return { ok: false, error: new WarmtreeError(outcome.code, outcome.detail, outcome.details) };
  // A try of the same call counts no later edits.
  if (!joinedLate || caller.once !== undefined) return outcome;
  const { commit } = outcome.value;
  const parsed = await dispatch(push, input, grant, caller, { push: { turn: "none", known: commit } });
  if (parsed.ok && parsed.value.commit === commit && !parsed.value.committed) return outcome;
  return afterRace(input, caller, parsed);
}

function late(before: number, retryAfterS: number, lost: LostRace | undefined): WarmtreeError {
  const work: Work = { ...(lost?.committed ? { committed: lost.committed } : {}), pushed: false, tree: "unchanged" };
  const kept = lost?.committed ? "The commit is kept in the workspace" : "Nothing was done";
  const others = before === 1 ? "1 other push" : `${before} other pushes`;
  return new WarmtreeError(
    "branch_busy",
    `${others} to the branch came first, and the waiting time is over. ${kept}. Push again within a minute to keep the place in the queue.`,
    { work, retryAfterS },
  );
}
