import { E2bError } from "../../e2b/error.ts";
import type { ErrorCode, Limit } from "../../errors.ts";
import { bundlePath, type Loss } from "./loss.ts";
import type { Row } from "../storage/row.ts";

/** A failure as a value: a thrown error loses its class at the Durable Object's boundary. */
export interface Refusal {
  readonly ok: false;
  readonly code: ErrorCode;
  readonly detail: string;
  readonly retryAfterS?: number;
  readonly limit?: Limit;
}

/** Result of a transition: the new row, or the reason it failed. */
export type Outcome = { readonly ok: true; readonly row: Row } | Refusal;

export const GONE: Refusal = {
  ok: false,
  code: "workspace_gone",
  detail:
    "The sandbox of this workspace is gone, and unpushed work is lost. Pushed work is safe. Clone again for a new workspace.",
};

/** Refusal for a sandbox that E2B lost, or that was dropped after the notice. */
export function lostWith(loss: Loss): Refusal {
  const detail = `The sandbox of this workspace is lost. ${held(loss)} Pushed work is safe. Clone again, with the same parameters, for a new workspace.`;
  return { ok: false, code: "workspace_gone", detail };
}

/** Refusal for a sandbox that E2B resumed without the newest state of its files. */
export function rolledBack(loss: Loss): Refusal {
  const detail = `E2B resumed this workspace without its newest files. ${held(loss)} Nothing was done. Call clone again, with the same parameters; it answers the workspace as it is now. Then check it with status and log.`;
  return { ok: false, code: "workspace_rolled_back", detail };
}

function held({ at, head, unpushed, savedAs }: Loss): string {
  const on = head === undefined ? "" : ` It was on commit ${head}.`;
  const work =
    savedAs !== undefined
      ? `Its unpushed work was saved: GET ${bundlePath(savedAs)}.`
      : unpushed === undefined
        ? "It is not known whether it had unpushed work."
        : unpushed
          ? "It had unpushed work, which is lost."
          : "It had no unpushed work.";
  return `This was found on ${new Date(at).toISOString()}.${on} ${work}`;
}

export const NOT_FOUND: Refusal = {
  ok: false,
  code: "workspace_not_found",
  detail: "There is no such workspace. clone answers a sandbox_id; GET /v1/workspaces lists yours.",
};

export const WORKSPACE_BUSY: Refusal = {
  ok: false,
  code: "workspace_busy",
  detail: "An operation is running in this workspace, so it was not paused. Try again when the operation has ended.",
};

export const SNAPSHOTS_OFF: Refusal = {
  ok: false,
  code: "misconfigured",
  detail: "Repository snapshots are turned off here (SNAPSHOT_MAX). Nothing was done. Clones work without them.",
};

/** Refusal of a new workspace when the monthly budget is spent. */
export function exhausted(liftsAt: number, now: number): Refusal {
  return {
    ok: false,
    code: "budget_exhausted",
    detail: `This month's budget for sandboxes is spent. New workspaces are refused until ${new Date(liftsAt).toISOString()}; existing ones continue. Nothing was done.`,
    retryAfterS: Math.ceil((liftsAt - now) / 1000),
  };
}

/** Refusal when the limit of running sandboxes is reached and all are in use. */
export function full(maxRunning: number): Refusal {
  return {
    ok: false,
    code: "sandbox_unavailable",
    detail: `All ${maxRunning} sandboxes that may run at once are in use. Nothing was done. Try again in a minute, or end a workspace.`,
    retryAfterS: 60,
  };
}

/** Refusal of a new workspace when the tenant has reached its limit. */
export function tooManyWorkspaces(most: number): Refusal {
  return {
    ok: false,
    code: "rate_limited",
    detail: `Your tenant has ${most} workspaces, and may have no more here (MAX_WORKSPACES_PER_TENANT). Nothing was done. Use one that you have, or end those that you no longer need: GET /v1/workspaces lists them, DELETE /v1/workspaces/{sandbox_id} ends one.`,
    retryAfterS: 60,
    limit: "workspaces_per_tenant",
  };
}

/** The next call waits for the same transition, so it may come soon. */
const ASK_AGAIN_S = 5;

/** Refusal when the wait for a start, resume or pause ends. The transition continues. */
export function takesLonger(waitedMs: number): Refusal {
  return {
    ok: false,
    code: "sandbox_unavailable",
    detail: `E2B did not start the sandbox within ${Math.ceil(waitedMs / 1000)} s. The start continues, and nothing was changed. Call again in ${ASK_AGAIN_S} s.`,
    retryAfterS: ASK_AGAIN_S,
  };
}

const BUSY = "Nothing was done. Try again.";

/** Maps a failed call to E2B to a refusal. Rethrows any error but an E2bError: it is a bug. */
export function refusalOf(error: unknown): Refusal {
  if (!(error instanceof E2bError)) throw error;
  const retryAfterS = error.retryAfterS === undefined ? {} : { retryAfterS: error.retryAfterS };
  switch (error.code) {
    case "rate_limited":
      return {
        ok: false,
        code: "rate_limited",
        detail: `E2B accepts no more requests at the moment. ${BUSY}`,
        ...retryAfterS,
      };
    case "capacity":
      return {
        ok: false,
        code: "sandbox_unavailable",
        detail: `E2B has no room for another sandbox: the account's limit is reached. ${BUSY}`,
        ...retryAfterS,
      };
    case "unauthenticated":
      return {
        ok: false,
        code: "sandbox_unavailable",
        detail: "E2B refused this service's key. Nothing was done. The operator must set a valid E2B_API_KEY.",
      };
    case "not_found":
    case "not_running":
      return GONE;
    case "invalid_request":
    case "protocol":
      return {
        ok: false,
        code: "sandbox_unavailable",
        detail: `E2B did not accept the request for a sandbox: ${error.message} The operator should check E2B_TEMPLATE and the E2B settings.`,
      };
    case "timeout":
      return {
        ok: false,
        code: "sandbox_unavailable",
        detail: `E2B did not start a sandbox ${withinTime(error)}. ${BUSY}`,
        ...retryAfterS,
      };
    case "conflict":
    case "unavailable":
    case "stream_broken":
    case "process_deadline":
      return {
        ok: false,
        code: "sandbox_unavailable",
        detail: `E2B failed to start a sandbox. ${BUSY}`,
        ...retryAfterS,
      };
  }
}

const withinTime = ({ limitMs }: E2bError) =>
  limitMs === undefined ? "in time" : `within ${Math.ceil(limitMs / 1000)} s`;
