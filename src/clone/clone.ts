import type * as z from "zod/v4";
import { dispatch } from "../execution/dispatch.ts";
import { claimWithPrefetch } from "./prefetch.ts";
import { ERROR_KINDS, WarmtreeError } from "../errors.ts";
import { clone } from "../ops/clone.ts";
import { parseRepository } from "../remote/address.ts";
import { recordCloneResult } from "./snapshots.ts";
import { endWorkspace } from "../workspace/workspaces.ts";
import { wireLoss } from "../workspace/wire.ts";
import type { Caller } from "../workspace/caller.ts";

/**
 * Executes clone, the one operation that creates workspaces. If the existing workspace has lost its sandbox, creates
 * another one and reports the loss.
 * @throws WarmtreeError
 */
export async function executeClone(input: z.output<typeof clone.input>, caller: Caller): Promise<object> {
  try {
    return await cloneOnce(input, caller);
  } catch (error) {
    if (!(error instanceof WarmtreeError) || error.code !== "workspace_gone") throw error;
    return cloneOnce(input, caller);
  }
}

/** Runs a clone once. If it fails permanently, ends a newly bound workspace. */
async function cloneOnce(input: z.output<typeof clone.input>, caller: Caller): Promise<object> {
  const repository = parseRepository(input.repo_url, caller.config.allowedGitHosts);
  using claim = await claimWithPrefetch(caller, repository, input);
  const { grant, sandbox_ms, prefetched } = claim;
  const parsed = await dispatch(clone, { ...input, repo_url: repository.url }, grant, caller, prefetched);
  const had = grant.source === "live" || grant.source === "paused";
  if (!parsed.ok && !had && !ERROR_KINDS[parsed.error.code].retryable) {
    caller.waitUntil(endWorkspace(caller, grant.sandboxId));
  }
  if (!parsed.ok) throw parsed.error;
  const result = parsed.value;
  if (result.created) caller.waitUntil(recordCloneResult(caller, repository, grant.sandboxId, result));
  const { seed, timing, ...cloned } = result;
  // Without its base clone a snapshot saves no more than a cold start.
  const source = seed === "unsound" ? "cold" : grant.source;
  const lost = grant.loss && { lost: wireLoss(grant.loss) };
  return { sandbox_id: grant.sandboxId, source, ...cloned, ...lost, timing: { sandbox_ms, ...timing } };
}
