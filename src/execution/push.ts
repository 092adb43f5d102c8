import type * as z from "zod/v4";
import { dispatch } from "./dispatch.ts";
import type { Grant } from "../durable/sandboxes/grant.ts";
import type { PushOutcome } from "../durable/pushes/push-turns.ts";
import { WarmtreeError, type Work } from "../errors.ts";
import { encodeBase64 } from "../ops/output/content.ts";
import type { PushContext } from "../ops/operation.ts";
import type { LostRace, Parsed } from "../ops/output/script-output.ts";
import { push, type Pushed } from "../ops/push.ts";
import { granted, notGranted, poolOf, useWorkspace } from "../workspace/workspaces.ts";
import type { Caller } from "../workspace/caller.ts";

type Asked = z.output<typeof push.input>;

/**
 * Commits and pushes, one after the other with others that push to the same branch, and shares the outcome with calls that
 * repeat it. What was begun is seen through when the caller leaves. Throws a WarmtreeError where the pool refuses.
 */
export function pushInTurn(asked: Asked, caller: Caller): Promise<Parsed<Pushed>> {
  const work = inTurn(asked, caller, asked.to, async (grant, waited) => {
    const context: PushContext = asked.to === undefined ? { turn: "none" } : waited;
    return settled(asked, caller, await dispatch(push, asked, grant, caller, { push: context }));
  });
  caller.waitUntil(work.catch(() => undefined));
  return work;
}

/** A push that lost a race without a turn is sent again with one. */
export function pushAgain(asked: Asked, caller: Caller, lost: LostRace): Promise<Parsed<Pushed>> {
  const context: PushContext = { turn: "waited", lost };
  return inTurn(asked, caller, lost.to, (grant) => dispatch(push, asked, grant, caller, { push: context }), lost);
}

const settled = async (asked: Asked, caller: Caller, parsed: Parsed<Pushed>): Promise<Parsed<Pushed>> =>
  parsed.ok || !parsed.lost ? parsed : pushAgain(asked, caller, parsed.lost);

type Send = (grant: Grant, waited: PushContext) => Promise<Parsed<Pushed>>;

/** @param lost of a try before this one */
async function inTurn(
  asked: Asked,
  caller: Caller,
  to: string | undefined,
  send: Send,
  lost?: LostRace,
): Promise<Parsed<Pushed>> {
  const place = await enter(asked, caller, to, lost);
  // The queue is for speed and fairness: without it, the remote still decides every race.
  if (!place) return send(await useWorkspace(caller, asked.sandbox_id), {});
  if (!place.ok) throw notGranted(place);
  const grant = granted(caller, place.grant);
  switch (place.kind) {
    case "turn": {
      const sendOnce = send(grant, place.waited ? { turn: "waited" } : {});
      caller.waitUntil(tellOutcome(place.turn, sendOnce));
      return sendOnce;
    }
    case "outcome":
      return joined(asked, caller, grant, place.outcome, place.joinedLate);
    case "late":
      throw late(place.before, place.retryAfterS, lost);
  }
}

/** The pool's answer when the turn has come; undefined: it gives none. */
async function enter(asked: Asked, caller: Caller, to: string | undefined, lost: LostRace | undefined) {
  const { tenant, onBefore } = caller;
  const request = { tenant, sandboxId: asked.sandbox_id, repeat: await repeatOf(asked, caller, lost?.sha) };
  const tell = onBefore && (async (before: number) => onBefore(before));
  return poolOf(caller, asked.sandbox_id)
    .push(to === undefined ? request : { ...request, to }, tell)
    .catch(() => undefined);
}

/**
 * The same for calls that ask for the same with the same credential, of which it tells nothing.
 * @param sha commit that was made for the push already
 */
async function repeatOf(asked: Asked, { gitTokens = new Map() }: Caller, sha = ""): Promise<string> {
  const text = new TextEncoder().encode(JSON.stringify([asked, [...gitTokens], sha]));
  return encodeBase64(new Uint8Array(await crypto.subtle.digest("SHA-256", text)));
}

interface Turn extends Disposable {
  end(outcome: PushOutcome): Promise<void>;
}

/** Ends the turn. The answer does not wait for it, and an object that is gone has no turns to end. */
async function tellOutcome(turn: Turn, sendOnce: Promise<Parsed<Pushed>>): Promise<void> {
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

/** What came of a push that another call began. Of an edit since then that call knows nothing: the sandbox is asked. */
async function joined(
  asked: Asked,
  caller: Caller,
  grant: Grant,
  outcome: PushOutcome,
  joinedLate: boolean,
): Promise<Parsed<Pushed>> {
  if (!outcome.ok) return { ok: false, error: new WarmtreeError(outcome.code, outcome.detail, outcome.details) };
  if (!joinedLate) return outcome;
  const { commit } = outcome.value;
  const parsed = await dispatch(push, asked, grant, caller, { push: { turn: "none", known: commit } });
  if (parsed.ok && parsed.value.commit === commit && !parsed.value.committed) return outcome;
  return settled(asked, caller, parsed);
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
