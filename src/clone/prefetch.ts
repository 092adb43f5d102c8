import { remoteFor } from "../remote/credentials.ts";
import { takesStreams } from "../e2b/files.ts";
import type { Grant, Seed } from "../durable/sandboxes/grant.ts";
import type { PrefetchedRemote, Remote } from "../remote/types.ts";
import { fetchPack, wantedBetween } from "../remote/fetch-pack.ts";
import { remoteRefs } from "../remote/ls-refs.ts";
import type { Repository } from "../remote/address.ts";
import { claimWorkspace } from "../workspace/workspaces.ts";
import type { Caller } from "../workspace/caller.ts";

/** A sandbox that must ask by itself takes hardly longer than that. */
const WAIT_MS = 200;

interface CloneClaim extends Disposable {
  readonly grant: Grant;
  /** Until the sandbox was there, in milliseconds. */
  readonly sandbox_ms: number;
  readonly news: PrefetchedRemote;
}

/**
 * The workspace for a clone. While its sandbox starts from a repository snapshot, the remote is asked what it has, and then
 * for what the snapshot lacks: so the clone need not ask. The caller's own credential asks, so whoever is told that nothing
 * is new may read it. What has not come in time the sandbox asks for by itself. What is still on its way when the claim is
 * disposed of is dropped.
 */
export async function claimWithPrefetch(
  caller: Caller,
  repository: Repository,
  { agent_id = "", task_id = "" }: { readonly agent_id?: string | undefined; readonly task_id?: string | undefined },
): Promise<CloneClaim> {
  const asking = new AbortController();
  const startedAt = performance.now();
  let asked: { readonly head: string; readonly news: Promise<PrefetchedRemote> } | undefined;
  const onSeed = (seed: Seed) => {
    asked = { head: seed.head, news: askFor(seed, remoteFor(repository, caller), asking.signal) };
  };
  const drop = () => asking.abort();
  try {
    const grant = await claimWorkspace(caller, repository, agent_id, task_id, onSeed);
    const sandbox_ms = Math.round(performance.now() - startedAt);
    const news = asked !== undefined && asked.head === grant.seedHead ? await inTime(asked.news) : {};
    const { pack, ...refs } = news;
    const isTaken = typeof pack !== "object" || takesStreams(grant.session);
    return { grant, sandbox_ms, news: isTaken ? news : refs, [Symbol.dispose]: drop };
  } catch (error) {
    drop();
    throw error;
  }
}

/** Never throws. */
async function askFor(seed: Seed, remote: Remote, signal: AbortSignal): Promise<PrefetchedRemote> {
  const refs = await remoteRefs(remote, signal);
  if (refs === undefined) return {};
  if (seed.refs === "") return { remoteRefs: refs };
  const wanted = wantedBetween(seed.refs, refs.list);
  if (wanted.wants.length === 0) return { remoteRefs: refs, pack: "none" };
  const path = `.warmtree/tmp.${crypto.randomUUID()}`;
  return { remoteRefs: refs, pack: { path, bytes: fetchPack(remote, wanted, signal) } };
}

function inTime(news: Promise<PrefetchedRemote>): Promise<PrefetchedRemote> {
  return Promise.race([news, new Promise<PrefetchedRemote>((resolve) => setTimeout(resolve, WAIT_MS, {}))]);
}
