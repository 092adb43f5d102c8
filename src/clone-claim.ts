import { remoteFor } from "./credentials.ts";
import type { Grant } from "./durable/grant.ts";
import type { RemoteRefs } from "./ops/operation.ts";
import { remoteRefs } from "./remote/refs.ts";
import type { Repository } from "./repository.ts";
import { type Caller, claimWorkspace } from "./workspaces.ts";

/** A sandbox that must ask by itself takes hardly longer than that. */
const WAIT_MS = 200;

interface CloneClaim {
  readonly grant: Grant;
  /** Until the sandbox was there, in milliseconds. */
  readonly sandbox_ms: number;
  /** What the remote has, for a clone that starts from a repository snapshot; undefined where that is not known in time. */
  readonly remoteRefs: RemoteRefs | undefined;
}

/**
 * The workspace for a clone. While its sandbox starts, the remote is asked what it has: a clone from a repository snapshot
 * need not ask then, and fetches nothing where nothing is new. The caller's own credential asks, so whoever is told that
 * nothing is new may read it. Where no snapshot is started from, the question is dropped.
 */
export async function claimForClone(
  caller: Caller,
  repository: Repository,
  { agent_id = "", task_id = "" }: { readonly agent_id?: string | undefined; readonly task_id?: string | undefined },
): Promise<CloneClaim> {
  const asking = new AbortController();
  const startedAt = performance.now();
  const refs = remoteRefs(remoteFor(repository, caller), asking.signal);
  try {
    const grant = await claimWorkspace(caller, repository, agent_id, task_id);
    const sandbox_ms = Math.round(performance.now() - startedAt);
    return { grant, sandbox_ms, remoteRefs: grant.source === "snapshot" ? await inTime(refs) : undefined };
  } finally {
    asking.abort();
  }
}

function inTime<Value>(answer: Promise<Value>): Promise<Value | undefined> {
  return Promise.race([answer, new Promise<undefined>((resolve) => setTimeout(resolve, WAIT_MS, undefined))]);
}
