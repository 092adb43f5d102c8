import { newSandboxId } from "../pool/handle.ts";
import type { Grant, OnSeed } from "./sandboxes/grant.ts";
import { START_GIVEN_UP_MS } from "./sandboxes/orphaned-starts.ts";
import { lossOf, LOSS_TOLD_MS } from "./sandboxes/loss.ts";
import { exhausted, full, type Refusal, tooManyWorkspaces } from "./sandboxes/refusal.ts";
import type { Shard } from "./shard.ts";
import type { Row, WorkspaceKey } from "./storage/row.ts";
import type { Uses } from "./uses.ts";

/** Chooses the sandbox of a workspace: its own, else from a repository snapshot, the warm pool, or a cold start. */
export class Claims {
  readonly #parts: Shard;
  readonly #uses: Uses;
  /** Called after rows changed, to set the alarm. */
  readonly #afterChange: () => Promise<void>;

  constructor(parts: Shard, uses: Uses, afterChange: () => Promise<void>) {
    this.#parts = parts;
    this.#uses = uses;
    this.#afterChange = afterChange;
  }

  /**
   * Claims the sandbox of a workspace. The same key always returns the same workspace; the grant includes its losses.
   */
  async claim(key: WorkspaceKey, onSeed?: OnSeed): Promise<Grant | Refusal> {
    const { rows } = this.#parts;
    const answer = await this.#claimPatiently(key, onSeed);
    if (!answer.ok) return answer;
    const lost = rows.lostSince(key, Date.now() - LOSS_TOLD_MS);
    const loss = lost && lossOf(lost);
    if (!loss) return answer;
    if (lost.loss_told === 0) rows.setLossTold(lost.sandbox_id);
    return { ...answer, loss };
  }

  /** Claims, and takes a warm sandbox instead of a slow start if one has become available. */
  async #claimPatiently(key: WorkspaceKey, onSeed?: OnSeed): Promise<Grant | Refusal> {
    const { rows } = this.#parts;
    const known = rows.workspace(key);
    const answer = await this.#claim(key, known, onSeed);
    if (answer.ok) return answer;
    const row = rows.workspace(key);
    // Another claim, waiting for the same start, has taken a warm sandbox instead.
    if (row?.state === "bound" && row.sandbox_id !== known?.sandbox_id) return this.#claim(key, row);
    return (row && (await this.#insteadOf(row, key))) ?? answer;
  }

  /**
   * Replaces a slow start by a warm sandbox that has become available. The sandbox of the slow start is killed when it
   * appears.
   */
  async #insteadOf(row: Row, key: WorkspaceKey): Promise<Grant | Refusal | undefined> {
    const { rows, filler, moves, termination } = this.#parts;
    const goesOn = row.state === "warming" && moves.of(row.sandbox_id) !== undefined;
    if (!goesOn || rows.running().warm.length === 0) return undefined;
    const now = Date.now();
    // Both in one transaction: a workspace has one sandbox.
    const ended = termination.end(row);
    const warm = this.#takeWarm(key, now);
    await ended;
    filler.scheduleNow(now);
    return warm && this.#grantedWarm(warm);
  }

  async #claim(key: WorkspaceKey, known: Row | undefined, onSeed?: OnSeed): Promise<Grant | Refusal> {
    const { rows, idlePolicy, snapshots, starts, startPatience } = this.#parts;
    if (known) {
      const ready = await this.#uses.ready(known, key.tenant);
      const lost = !ready.ok && ready.code === "workspace_gone" && rows.get(known.sandbox_id)?.state !== known.state;
      // The sandbox is gone: claim a new one, unless another claim has created it meanwhile.
      return lost ? this.#claimPatiently(key, onSeed) : ready;
    }
    const now = Date.now();
    const budget = idlePolicy.budget(now);
    if (budget.state === "exhausted") return exhausted(budget.liftsAt, now);
    const snapshot = snapshots.findReady(key);
    if (!snapshot) return this.#claimBlank(key, now);
    const oneTooMany = this.#oneTooMany(key);
    if (oneTooMany) return oneTooMany;
    if (!this.#uses.room.has()) return this.#claimRoom(key, now, onSeed);
    onSeed?.(snapshots.seedOf(snapshot));
    const row = await this.#insert(key, snapshot.e2b_id, now);
    const starting = starts.start(row).then((outcome) => {
      // A start that was ended meanwhile does not count against its snapshot.
      const isEnded = rows.get(row.sandbox_id)?.state === "gone";
      if (outcome.ok) snapshots.started(snapshot, now);
      else if (outcome.code !== "rate_limited" && !isEnded) {
        snapshots.failedToStart(snapshot, outcome.code === "workspace_gone", now);
      }
      return outcome;
    });
    const started = await startPatience.wait(starting);
    if (started.ok) return this.#uses.granted(started, "snapshot");
    // If E2B may have created the sandbox, the next call finds it. Otherwise another claim may have come first.
    if (rows.get(row.sandbox_id)) return this.#uses.granted(started, "snapshot");
    return rows.workspace(key) ? this.#claimPatiently(key) : this.#claimBlank(key, now);
  }

  async #claimBlank(key: WorkspaceKey, now: number): Promise<Grant | Refusal> {
    const { filler, starts, startPatience, template } = this.#parts;
    const oneTooMany = this.#oneTooMany(key);
    if (oneTooMany) return oneTooMany;
    filler.claimed(now);
    const warm = this.#takeWarm(key, now);
    if (warm) return this.#grantedWarm(warm);
    if (!this.#uses.room.has()) return this.#claimRoom(key, now);
    const started = await startPatience.wait(starts.start(await this.#insert(key, template(), now)));
    if (started.ok) filler.created((Date.now() - now) / 1000);
    return this.#uses.granted(started, "cold");
  }

  /** Refuses a workspace above its tenant's limit. Call it without an await before the row is written. */
  #oneTooMany({ tenant }: WorkspaceKey): Refusal | undefined {
    const { rows, maxWorkspacesPerTenant: most } = this.#parts;
    return rows.hasWorkspaces(tenant, most) ? tooManyWorkspaces(most) : undefined;
  }

  /** Binds a warm sandbox to the workspace. Returns undefined if there is none. */
  #takeWarm(key: WorkspaceKey, now: number): Row | undefined {
    const { rows, idlePolicy, template } = this.#parts;
    const warm = rows.bindWarm(key, template(), now);
    if (warm) rows.setDue(warm.sandbox_id, idlePolicy.dueAt(warm, now), 0);
    return warm;
  }

  /** Grants a warm sandbox. If it has an outdated network rule, a resume sets the new rule first. */
  async #grantedWarm(warm: Row): Promise<Grant | Refusal> {
    const { seal, startPatience, lifecycle } = this.#parts;
    if (!seal.isOutdated(warm)) return this.#uses.granted({ ok: true, row: warm }, "pool");
    return this.#uses.granted(await startPatience.wait(lifecycle.resume(warm)), "pool");
  }

  /** Inserts the row of a new sandbox, and sets an alarm that finds it if this object dies. */
  async #insert(key: WorkspaceKey, from: string, now: number): Promise<Row> {
    const { rows, reconciler, shard } = this.#parts;
    const row = rows.insertWarming(newSandboxId(shard), from, { key }, now, now + START_GIVEN_UP_MS);
    reconciler.schedule(now);
    await this.#afterChange();
    return row;
  }

  async #claimRoom(key: WorkspaceKey, now: number, onSeed?: OnSeed): Promise<Grant | Refusal> {
    // Another claim may have taken the workspace or the capacity meanwhile.
    return (await this.#uses.room.make(now)) ? this.#claimPatiently(key, onSeed) : full(this.#parts.maxRunning);
  }
}
