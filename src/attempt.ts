import { remoteFor } from "./credentials.ts";
import type { Grant } from "./durable/grant.ts";
import { E2bError } from "./e2b/error.ts";
import { WarmtreeError, type Work } from "./errors.ts";
import type { News } from "./clone-claim.ts";
import type { OperationContext, Parsed, Remote, Runnable } from "./ops/operation.ts";
import { runOperation } from "./ops/run.ts";
import { parseRepository } from "./repository.ts";
import { type Caller, useWorkspace } from "./workspaces.ts";

/** What a script is told beside the caller's input. */
type Told = News & Pick<OperationContext, "push">;

/** The script may have begun, and goes on in the sandbox whether or not anybody listens. */
const UNKNOWN: Work = { pushed: "unknown", tree: "unknown" };

/**
 * Runs an operation in a granted workspace. Only one that talks to the git host gets the credential, and one that found
 * that its clone lacks something: it is sent again with it.
 */
export async function attempt<Value extends object>(
  operation: Runnable<unknown, Value>,
  asked: unknown,
  grant: Grant,
  caller: Caller,
  told?: Told,
): Promise<Parsed<Value>> {
  const remote = () => remoteFor(parseRepository(grant.url, caller.config.allowedGitHosts), caller);
  if (operation.access === "remote") return sent(operation, asked, grant, caller, remote(), told);
  const parsed = await sent(operation, asked, grant, caller);
  return !parsed.ok && parsed.needsRemote ? sent(operation, asked, grant, caller, remote()) : parsed;
}

/**
 * A sandbox that turns out to be paused or lost is asked for once more; an operation is sent again only when it cannot
 * have begun, or changes nothing.
 */
async function sent<Value extends object>(
  operation: Runnable<unknown, Value>,
  asked: unknown,
  grant: Grant,
  caller: Caller,
  remote?: Remote,
  told?: Told,
): Promise<Parsed<Value>> {
  const { config } = caller;
  const timeoutS = config.operationTimeoutS * (operation.operations ?? 1);
  const seeded = grant.seedHead === undefined ? {} : { seedHead: grant.seedHead };
  const context = { author: config.author, maxRetries: config.maxRetries, timeoutS, ...seeded };
  const run = async (to: Grant, known: Told = {}) => {
    const startedAt = performance.now();
    try {
      return await runOperation(
        config.e2b,
        to.session,
        operation,
        asked,
        { ...context, ...known },
        remote,
        caller.onProgress,
      );
    } finally {
      caller.cost.sandboxMs += performance.now() - startedAt;
    }
  };
  try {
    return await run(grant, told);
  } catch (error) {
    if (!(error instanceof E2bError) || !isWorthAnother(operation, error)) throw explained(operation, error);
  }
  const again = await useWorkspace(caller, grant.sandboxId, grant.generation);
  // A pack comes once.
  return run(again, told?.push && { push: told.push }).catch((error: unknown) => {
    throw explained(operation, error);
  });
}

function isWorthAnother(operation: Runnable, error: E2bError): boolean {
  if (error.code === "not_running" || error.code === "not_found") return !error.started || operation.access === "read";
  return error.code === "stream_broken" && operation.access === "read";
}

function explained(operation: Runnable, error: unknown): unknown {
  if (!(error instanceof E2bError)) return error;
  const work = error.started && operation.access !== "read" ? { work: UNKNOWN } : {};
  const next = error.started
    ? "It may have been done in part or whole: ask status. Calling again is safe."
    : "Nothing was done; try again.";
  const details = { ...work, ...(error.retryAfterS === undefined ? {} : { retryAfterS: error.retryAfterS }) };
  if (error.code === "process_deadline" || error.code === "timeout") {
    return new WarmtreeError("timeout", `${operation.name} ran out of time and was stopped. ${next}`, details, error);
  }
  if (error.code === "rate_limited") {
    return new WarmtreeError("rate_limited", `The sandbox takes no more requests just now. ${next}`, details, error);
  }
  return new WarmtreeError(
    "sandbox_unavailable",
    `The sandbox did not answer ${operation.name}. ${next}`,
    details,
    error,
  );
}
