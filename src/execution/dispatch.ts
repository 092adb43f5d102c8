import type { Grant } from "../durable/sandboxes/grant.ts";
import { E2bError } from "../e2b/error.ts";
import { storeForLfs } from "./lfs.ts";
import { contextFor } from "../ops/context.ts";
import { isRepeatable, type OperationContext, type SandboxTask } from "../ops/operation.ts";
import type { Parsed } from "../ops/output/script-output.ts";
import type { PrefetchedRemote } from "../remote/types.ts";
import { runRepeating } from "../ops/run-repeating.ts";
import { type Policy, policyOf } from "../policy/policy.ts";
import { hostOf, parseRepository } from "../remote/address.ts";
import { remoteInSandbox, signingInSandbox } from "./sandbox-remote.ts";
import { sandboxFailure } from "./sandbox-failure.ts";
import { withWork } from "../ops/work.ts";
import { useWorkspace } from "../workspace/grants.ts";
import type { Caller } from "../workspace/caller.ts";

/** Context of a script besides the caller's input. */
type DispatchOptions = PrefetchedRemote & Pick<OperationContext, "push">;
type SendContext = DispatchOptions & Pick<OperationContext, "lfs"> & { readonly hasRemote?: boolean };
type Refused<Value> = Parsed<Value> & { readonly ok: false };

/**
 * Runs an operation in a granted workspace. Passes the credential only to `remote` operations. If a read finds objects
 * missing in a partial clone, or an edit has contents for Git LFS, it is sent once more (dispatchAgain).
 * @param input checked against the operation's input schema
 * @returns the parsed result, or its error with the effect on the work
 * @throws sandbox_unavailable, timeout, rate_limited or disk_full when the sandbox fails; any code of useWorkspace on
 *   the retry
 * @example
 * const grant = await useWorkspace(caller, sandbox_id);
 * const parsed = await dispatch(status, { sandbox_id }, grant, caller);
 * if (!parsed.ok) throw parsed.error;
 */
export async function dispatch<Value extends object>(
  operation: SandboxTask<unknown, Value>,
  input: unknown,
  grant: Grant,
  caller: Caller,
  options?: DispatchOptions,
): Promise<Parsed<Value>> {
  const isRemote = operation.access === "remote";
  const extra = isRemote ? { hasRemote: true, ...options } : {};
  const parsed = await sendOnce(operation, input, grant, caller, extra);
  return withWork(
    operation,
    parsed.ok || isRemote ? parsed : await dispatchAgain(operation, input, grant, caller, parsed),
  );
}

/**
 * Sends an operation once more with the part it lacked: the remote, or the git host's confirmation that it has the
 * contents for Git LFS. Returns the refusal if the operation lacked neither.
 */
export async function dispatchAgain<Value extends object>(
  operation: SandboxTask<unknown, Value>,
  input: unknown,
  grant: Grant,
  caller: Caller,
  refused: Refused<Value>,
): Promise<Parsed<Value>> {
  if (refused.needsRemote) return sendOnce(operation, input, grant, caller, { hasRemote: true });
  const stored = refused.forLfs && (await storeForLfs(refused.forLfs, grant, caller));
  if (!stored) return refused;
  if (!stored.ok) return stored;
  return sendOnce(operation, input, grant, caller, { lfs: stored.value });
}

/**
 * Sends an operation to its sandbox. If the sandbox is paused, about to be paused, or lost, renews the grant and
 * retries once, provided the operation cannot have started or is read-only.
 */
async function sendOnce<Value extends object>(
  operation: SandboxTask<unknown, Value>,
  input: unknown,
  grant: Grant,
  caller: Caller,
  { hasRemote = false, ...extra }: SendContext,
): Promise<Parsed<Value>> {
  const { config, cost, onProgress: onStderr } = caller;
  const timeoutS = config.operationTimeoutS * (operation.operations ?? 1);
  const seeded = grant.seedHead === undefined ? {} : { seedHead: grant.seedHead };
  const limits = { maxRetries: config.maxRetries, timeoutS };
  const once = caller.once === undefined ? {} : { once: caller.once };
  const context = { ...contextFor(config, limits, rulesFor(grant, caller)), ...seeded, ...once };
  const run = async ({ session }: Grant, more: Omit<SendContext, "hasRemote">) => {
    const startedAt = performance.now();
    try {
      const full = { ...context, ...more };
      const sends = operation.sends?.(input, full);
      if (sends) cost.refs = sends.map(({ ref }) => ref);
      const use = { sandboxId: grant.sandboxId, url: grant.url, timeoutS, sends };
      const remote = hasRemote ? await remoteInSandbox(caller, use) : undefined;
      const signing = operation.commits ? await signingInSandbox(caller, use) : undefined;
      const sandbox = { e2b: config.e2b, session, onStderr };
      return await runRepeating(sandbox, operation, input, { ...full, remote, signing });
    } finally {
      cost.sandboxMs += performance.now() - startedAt;
    }
  };
  try {
    const parsed = await run(grant, extra);
    if (parsed.ok || !parsed.pausing) return parsed;
  } catch (error) {
    if (!(error instanceof E2bError) || !isLost(operation, error)) throw toWarmtreeError(operation, error);
  }
  const again = await useWorkspace(caller, grant.sandboxId, grant.generation);
  // A pack can be streamed only once.
  const { remoteRefs: _refs, pack: _pack, ...rest } = extra;
  return run(again, rest).catch((error: unknown) => {
    throw toWarmtreeError(operation, error);
  });
}

/** The rules for this tenant's pushes to the workspace's git host. */
function rulesFor({ url }: Grant, { config, tenant }: Caller): Policy {
  return policyOf(config.policy, tenant, hostOf(parseRepository(url, config.allowedGitHosts)));
}

/** Whether the sandbox stopped, or is about to, so that the pool can bring it back, and a retry is safe. */
function isLost(operation: SandboxTask, { code, started }: E2bError): boolean {
  const stopped = code === "not_running" || code === "not_found" || code === "conflict";
  return stopped && (!started || isRepeatable(operation));
}

function toWarmtreeError(operation: SandboxTask, error: unknown): unknown {
  return error instanceof E2bError ? sandboxFailure(operation, error) : error;
}
