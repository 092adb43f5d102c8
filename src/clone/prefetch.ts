import { remoteFor } from "../remote/credentials.ts";
import { takesStreams } from "../e2b/files.ts";
import type { Grant, Seed } from "../durable/sandboxes/grant.ts";
import type { PrefetchedRemote, Remote } from "../remote/types.ts";
import { fetchPack, wantedBetween } from "../remote/fetch-pack.ts";
import { remoteRefs } from "../remote/ls-refs.ts";
import type { Repository } from "../remote/address.ts";
import { claimWorkspace } from "../workspace/grants.ts";
import type { Caller } from "../workspace/caller.ts";

/** Longest wait for the prefetch, in ms. Past it, letting git in the sandbox fetch is about as fast. */
const WAIT_MS = 200;

interface CloneClaim extends Disposable {
  readonly grant: Grant;
  /** Wait for the sandbox, in milliseconds. */
  readonly sandbox_ms: number;
  readonly prefetched: PrefetchedRemote;
}

/**
 * Claims the workspace of a clone. While its sandbox starts from a repository snapshot, prefetches the remote's refs
 * and the objects that the snapshot lacks, so that the clone need not fetch. The prefetch uses the caller's own
 * credential, so its answer requires read access. Git in the sandbox fetches anything that has not arrived in time.
 * Disposing of the claim aborts the prefetch.
 * @throws budget_exhausted, sandbox_unavailable, rate_limited or workspace_gone
 * @example
 * using claim = await claimWithPrefetch(caller, repository, { agent_id: "ada" });
 * const parsed = await dispatch(clone, input, claim.grant, caller, claim.prefetched);
 */
export async function claimWithPrefetch(
  caller: Caller,
  repository: Repository,
  { agent_id = "", task_id = "" }: { readonly agent_id?: string | undefined; readonly task_id?: string | undefined },
): Promise<CloneClaim> {
  const controller = new AbortController();
  const startedAt = performance.now();
  let started: { readonly head: string; readonly prefetched: Promise<PrefetchedRemote> } | undefined;
  const onSeed = (seed: Seed) => {
    started = { head: seed.head, prefetched: prefetch(seed, remoteFor(repository, caller), controller.signal) };
  };
  const drop = () => controller.abort();
  try {
    const grant = await claimWorkspace(caller, repository, agent_id, task_id, onSeed);
    const sandbox_ms = Math.round(performance.now() - startedAt);
    const prefetched = started !== undefined && started.head === grant.seedHead ? await inTime(started.prefetched) : {};
    const { pack, ...refs } = prefetched;
    const isTaken = typeof pack !== "object" || takesStreams(grant.session);
    return { grant, sandbox_ms, prefetched: isTaken ? prefetched : refs, [Symbol.dispose]: drop };
  } catch (error) {
    drop();
    throw error;
  }
}

/** Prefetches refs and pack. Never throws. */
async function prefetch(seed: Seed, remote: Remote, signal: AbortSignal): Promise<PrefetchedRemote> {
  const refs = await remoteRefs(remote, signal);
  if (refs === undefined) return {};
  if (seed.refs === "") return { remoteRefs: refs };
  const wanted = wantedBetween(seed.refs, refs.list);
  if (wanted.wants.length === 0) return { remoteRefs: refs, pack: "none" };
  const path = `.warmtree/tmp.${crypto.randomUUID()}`;
  return { remoteRefs: refs, pack: { path, bytes: fetchPack(remote, wanted, signal) } };
}

function inTime(prefetched: Promise<PrefetchedRemote>): Promise<PrefetchedRemote> {
  return Promise.race([prefetched, new Promise<PrefetchedRemote>((resolve) => setTimeout(resolve, WAIT_MS, {}))]);
}
