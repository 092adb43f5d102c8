import type * as z from "zod/v4";
import { credentialsOf } from "../remote/credentials.ts";
import type { Grant } from "../durable/sandboxes/grant.ts";
import type { SnapshotView } from "../durable/sandboxes/view.ts";
import { E2bError } from "../e2b/error.ts";
import { WarmtreeError } from "../errors.ts";
import { remoteInSandbox } from "../execution/sandbox-remote.ts";
import { contextFor } from "../ops/context.ts";
import { runOperation } from "../ops/run.ts";
import { type Seeded, seed } from "../ops/probes/base-clone.ts";
import type { clone } from "../ops/clone.ts";
import type { Parsed } from "../ops/output/script-output.ts";
import { plainText } from "../redaction/plain-text.ts";
import { Redactor } from "../redaction/redactor.ts";
import type { Repository } from "../remote/address.ts";
import { poolFor, poolOf, pools, refused } from "../workspace/pool.ts";
import type { Caller } from "../workspace/caller.ts";
import { logEvent } from "../redaction/log-line.ts";

type Cloned = z.output<typeof clone.output>;

/** A repository snapshot on the wire; times in RFC 3339. */
export interface WireSnapshot {
  readonly snapshot_id: string;
  readonly repository: string;
  readonly state: "making" | "ready";
  readonly made_at: string;
  readonly last_used_at: string;
  readonly starts: number;
  readonly head?: string;
  readonly bytes: number;
  readonly clone_s: number;
  readonly fetch_s: number;
}

/**
 * Reports the result of a clone to the pool, and makes a snapshot of its repository if that pays. Runs in the
 * background; never throws.
 */
export async function recordCloneResult(
  caller: Caller,
  repository: Repository,
  sandboxId: string,
  { seed: used, timing, shallow, filter }: Cloned,
): Promise<void> {
  // The sandbox's bash is too old to measure time.
  if (timing.fetch_ms === undefined) return;
  const full = used !== "used" && !shallow && filter === null;
  const seconds = (timing.fetch_ms + (timing.checkout_ms ?? 0)) / 1000;
  const report = { tenant: caller.tenant, sandboxId, seconds, full, ...(used && { seed: used }) };
  try {
    if (await poolFor(caller, repository).cloned(report)) await makeSnapshot(caller, repository);
  } catch (error) {
    const reason = plainText(String(error), new Redactor(credentialsOf(caller)));
    logEvent("warn", { event: "snapshot_not_made", repository: repository.key, error: reason });
  }
}

/**
 * Makes or refreshes the snapshot of a repository. If the caller leaves, the pool completes it.
 * @throws the code of the pool's refusal, or of git's failure; ref_not_found for an empty repository
 */
export async function makeSnapshot(caller: Caller, repository: Repository): Promise<void> {
  const { tenant } = caller;
  const { key, url } = repository;
  const begun = await poolFor(caller, repository).beginSnapshot({ tenant, repository: key, url });
  if (begun === undefined) return;
  if (!begun.ok) throw refused(begun);
  const seeded = await seedIn(caller, repository, begun);
  if (seeded === undefined) return;
  const made = seeded.ok ? { made: seeded.value } : {};
  await poolFor(caller, repository).finishSnapshot({ tenant, makerId: begun.sandboxId, ...made });
  if (!seeded.ok) throw seeded.error;
  if (seeded.value.head === null) {
    throw new WarmtreeError(
      "ref_not_found",
      "The repository has no commit yet, so there is nothing to take a snapshot of.",
    );
  }
}

/**
 * Makes the base clone. Returns undefined if the connection to the sandbox was lost; then the pool checks the result.
 */
async function seedIn(
  caller: Caller,
  { url }: Repository,
  { session, sandboxId }: Grant,
): Promise<Parsed<Seeded> | undefined> {
  const { config } = caller;
  const timeoutS = config.operationTimeoutS;
  try {
    return await runOperation({ e2b: config.e2b, session }, seed, undefined, {
      ...contextFor(config, { maxRetries: 0, timeoutS }),
      remote: await remoteInSandbox(caller, { sandboxId, url, timeoutS }),
    });
  } catch (error) {
    if (error instanceof E2bError) return undefined;
    throw error;
  }
}

/** Lists the tenant's repository snapshots, last used first. */
export async function listSnapshots(caller: Caller): Promise<WireSnapshot[]> {
  const views = (await Promise.all(pools(caller).map((shard) => shard.snapshots(caller.tenant)))).flat();
  return views.toSorted((a, b) => b.lastUsedAt - a.lastUsedAt).map(wireSnapshot);
}

/** Returns the repository's snapshot: the one being made, else the ready one. */
export async function snapshotOf(caller: Caller, repository: Repository): Promise<WireSnapshot | undefined> {
  const views = await poolFor(caller, repository).snapshots(caller.tenant);
  const own = views.filter((view) => view.repository === repository.key);
  const view = own.find(({ state }) => state === "making") ?? own[0];
  return view && wireSnapshot(view);
}

/**
 * Drops a snapshot.
 * @throws snapshot_not_found
 */
export async function dropSnapshot(caller: Caller, snapshotId: string): Promise<void> {
  if (await poolOf(caller, snapshotId).dropSnapshot({ tenant: caller.tenant, snapshotId })) return;
  throw new WarmtreeError("snapshot_not_found", "There is no such snapshot. GET /v1/snapshots lists yours.");
}

const rfc3339 = (timeMs: number) => new Date(timeMs).toISOString();

function wireSnapshot(view: SnapshotView): WireSnapshot {
  return {
    snapshot_id: view.snapshotId,
    repository: view.repository,
    state: view.state,
    made_at: rfc3339(view.madeAt),
    last_used_at: rfc3339(view.lastUsedAt),
    starts: view.starts,
    ...(view.head === undefined ? {} : { head: view.head }),
    bytes: view.bytes,
    clone_s: view.cloneS,
    fetch_s: view.fetchS,
  };
}
