import { IDEMPOTENCY_HEADER } from "../api/schemas.ts";
import type { KeptAnswer, KeyedRequest } from "../durable/runs/answer-table.ts";
import { WarmtreeError } from "../errors.ts";
import { asKnownError } from "../execution/known-error.ts";
import { onceOf } from "../execution/once.ts";
import { runsOfTenant } from "../runs/runs-object.ts";
import type { Redactor } from "../redaction/redactor.ts";
import type { Caller } from "../workspace/caller.ts";
import { auditOf } from "./audit.ts";
import type { HttpContext } from "./context.ts";
import { wantsEvents } from "./event-stream.ts";
import { problemResponse } from "./problem-response.ts";
import { requestIdOf } from "./request-id.ts";
import { redactorOf } from "./secrets.ts";

/** Printable ASCII, as long as the draft's examples and Stripe's limit. */
const KEY = /^[\x21-\x7e]{1,255}$/;
/** A running request renews its claim. An expired claim means that it is lost, and the same request may start again. */
const LEASE_MS = 15_000;
const RENEW_MS = 5_000;
const ASK_AGAIN_S = 2;
const TOO_MANY = 429;

/** A response, and whether a repeat gets it. Without `isFinal`, the status of the response decides. */
export interface Answered {
  readonly response: Response;
  readonly isFinal?: Promise<boolean>;
}

/**
 * Runs a request once for its Idempotency-Key: a repeat gets the first response. Without the header, runs it directly.
 * @param body of the request, as the client sent it
 * @param work gets the caller whose operations are done once
 * @throws invalid_input, key_reused or request_under_way
 */
export async function keyed(
  c: HttpContext,
  caller: Caller,
  body: object,
  work: (caller: Caller) => Promise<Answered>,
): Promise<Response> {
  const key = c.req.header(IDEMPOTENCY_HEADER);
  if (key === undefined) return (await work(caller)).response;
  if (!KEY.test(key)) {
    const detail = `${IDEMPOTENCY_HEADER} must be 1 to 255 printable ASCII characters without spaces. Nothing was done.`;
    throw new WarmtreeError("invalid_input", detail, { field: IDEMPOTENCY_HEADER });
  }
  const requestId = requestIdOf(c.req.raw);
  const request = {
    tenant: caller.tenant,
    name: await onceOf(c.req.path, key),
    // The response is kept in one form: JSON or events.
    digest: await onceOf(JSON.stringify(sorted(body)), String(wantsEvents(c.req.raw.headers))),
    holder: requestId,
    leaseMs: LEASE_MS,
  };
  const met = await runsOfTenant(caller).meet(request);
  switch (met.kind) {
    case "answer":
      return replayed(met.answer, requestId);
    case "other":
      throw new WarmtreeError(
        "key_reused",
        `This ${IDEMPOTENCY_HEADER} was sent with another request within the last 24 hours. Nothing was done. Send a new request with a new key.`,
      );
    case "under_way":
      throw new WarmtreeError(
        "request_under_way",
        "The same request, with the same key, is under way. Send it again to get its answer.",
        { retryAfterS: ASK_AGAIN_S },
      );
    case "begin":
      break;
  }
  const renewing = setInterval(() => void renew(caller, request), RENEW_MS);
  const answered = work({ ...caller, once: met.seed }).catch((thrown: unknown) => failed(thrown, c));
  // A request that was begun is completed even if the client leaves.
  caller.waitUntil(
    answered
      .then(async (own) => runsOfTenant(caller).settle(request, await keptOf(own, redactorOf(c))))
      .finally(() => clearInterval(renewing)),
  );
  return (await answered).response;
}

/** Renews the claim. A failure ends the claim a few seconds early: then a repeat runs, and changes nothing. */
const renew = (caller: Caller, request: KeyedRequest) =>
  runsOfTenant(caller)
    .meet(request)
    .catch(() => undefined);

/** Returns the response to keep, without secrets; undefined if the request may be sent again. */
async function keptOf({ response, isFinal }: Answered, redactor: Redactor): Promise<KeptAnswer | undefined> {
  const { status, headers } = response;
  if (status >= 500 || status === TOO_MANY) return undefined;
  const text = await response.clone().text();
  if (isFinal !== undefined && !(await isFinal)) return undefined;
  const type = headers.get("Content-Type") ?? "application/json";
  return { status, type, body: redactor.mayHold(text) ? redactor.clean(text) : text };
}

function failed(thrown: unknown, c: HttpContext): Answered {
  const error = asKnownError(thrown);
  auditOf(c).failed(thrown, error.code);
  return { response: problemResponse(error, requestIdOf(c.req.raw), redactorOf(c)) };
}

function replayed({ status, type, body }: KeptAnswer, requestId: string): Response {
  return new Response(body, {
    status,
    headers: { "Content-Type": type, "X-Request-Id": requestId, "Idempotent-Replayed": "true" },
  });
}

/** Sorts members by name, because clients need not keep their order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(members.map(([name, member]) => [name, sorted(member)]));
}
