import type { Grant, Seed } from "../durable/sandboxes/grant.ts";
import type { Refusal } from "../durable/sandboxes/refusal.ts";
import { WarmtreeError, type Work } from "../errors.ts";
import { recorder } from "../metrics/recorder.ts";
import { UNTOUCHED } from "../ops/work.ts";
import type { Repository } from "../remote/address.ts";
import type { Caller } from "./caller.ts";
import { knownGrants } from "./grant-cache.ts";
import { poolFor, poolOf, refused } from "./pool.ts";

/**
 * Converts a refused grant to the caller's error, with its effect on the work: none, unless the tree is lost or rolled
 * back.
 */
export function notGranted(refusal: Refusal): WarmtreeError {
  const { code, message, details } = refused(refusal);
  const isTreeLost = code === "workspace_gone" || code === "workspace_rolled_back";
  const work: Work = isTreeLost ? { pushed: false, tree: "unknown" } : UNTOUCHED;
  return new WarmtreeError(code, message, { ...details, work });
}

/** Unwraps the pool's answer: records the grant, or throws the refusal. */
export function granted(caller: Caller, answer: Grant | Refusal): Grant {
  if (!answer.ok) throw notGranted(answer);
  const { sandboxId, source, repository, agentId } = answer;
  recorder.increment(caller, "warmtree_claims_total", { source });
  caller.cost.given = { sandboxId, source, ...boundTo(repository, agentId) };
  knownGrants.note(caller.tenant, answer, Date.now());
  return answer;
}

const boundTo = (repository: string, agentId: string) => ({ repository, ...(agentId !== "" && { agentId }) });

/**
 * Claims the workspace of (tenant, repository, agent, task); creates one if there is none.
 * @param onSeed receives the base clone while the sandbox starts from a repository snapshot
 * @throws budget_exhausted, sandbox_unavailable, rate_limited or workspace_gone
 */
export async function claimWorkspace(
  caller: Caller,
  repository: Repository,
  agentId: string,
  taskId: string,
  onSeed: (seed: Seed) => void,
): Promise<Grant> {
  const { tenant } = caller;
  // Before the claim, which may be refused.
  caller.cost.given = boundTo(repository.key, agentId);
  const request = { tenant, repository: repository.key, url: repository.url, agentId, taskId };
  return granted(caller, await poolFor(caller, repository).claim(request, async (seed) => onSeed(seed)));
}

/**
 * Returns the sandbox of a workspace: from the cache if granted recently, otherwise from the pool, which resumes it if
 * paused.
 * @param lost generation of a grant whose sandbox turned out not to run
 * @throws workspace_not_found, workspace_gone, workspace_rolled_back, sandbox_unavailable or rate_limited
 * @example
 * const grant = await useWorkspace(caller, "s0-4k7m2x9qwe3rty5zpbna");
 */
export async function useWorkspace(caller: Caller, sandboxId: string, lost?: number): Promise<Grant> {
  const { tenant } = caller;
  if (lost !== undefined) knownGrants.revoke(tenant, sandboxId, Date.now(), lost);
  const known = knownGrants.find(tenant, sandboxId, Date.now());
  if (known) {
    caller.waitUntil(touch(caller, known));
    return granted(caller, known);
  }
  const request = { tenant, sandboxId, ...(lost === undefined ? {} : { lost }) };
  return granted(caller, await poolOf(caller, sandboxId).use(request));
}

/**
 * Records a use at the pool. If the grant is no longer valid, or the call fails, the next operation waits for the pool.
 */
async function touch(caller: Caller, grant: Grant): Promise<void> {
  const { tenant } = caller;
  const { sandboxId, generation } = grant;
  // In a later turn of the event loop, so that the operation is sent first.
  await new Promise((resolve) => setTimeout(resolve));
  const holds = await poolOf(caller, sandboxId)
    .touch({ tenant, sandboxId, generation })
    .catch(() => false);
  if (!holds) knownGrants.revoke(tenant, sandboxId, Date.now(), generation);
}
