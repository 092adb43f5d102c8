import { newSandboxId } from "../pool/handle.ts";
import type { Source } from "../pool/sources.ts";
import { type Grant, grantOf, type OnSeed } from "./sandboxes/grant.ts";
import { START_GIVEN_UP_MS } from "./sandboxes/orphaned-starts.ts";
import { lossOf, LOSS_TOLD_MS } from "./sandboxes/loss.ts";
import {
  exhausted,
  full,
  GONE,
  lostWith,
  NOT_FOUND,
  type Outcome,
  type Refusal,
  rolledBack,
  tooManyWorkspaces,
} from "./sandboxes/refusal.ts";
import type { Shard } from "./shard.ts";
import { Room } from "./room.ts";
import type { Row, WorkspaceKey } from "./storage/row.ts";

/** Interval between writes of last_used_at: no rule needs finer times, and each write is billed. */
const TOUCH_EVERY_MS = 30_000;

/** Chooses the sandbox of a workspace: its own, else from a repository snapshot, the warm pool, or a cold start. */
export class Claims {
  readonly room: Room;
  readonly #parts: Shard;
  /** Called after rows changed, to set the alarm. */
  readonly #afterChange: () => Promise<void>;
  /** Uses not written yet. If they are lost, a workspace looks at most TOUCH_EVERY_MS more idle than it is. */
  readonly #touched = new Map<string, number>();

  constructor(parts: Shard, afterChange: () => Promise<void>) {
    this.#parts = parts;
    this.#afterChange = afterChange;
    this.room = new Room(parts, (row) => this.current(row));
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
    // Another claim that waited for the same start has taken a warm sandbox instead.
    if (row?.state === "bound" && row.sandbox_id !== known?.sandbox_id) return this.#claim(key, row);
    return (row && (await this.#insteadOf(row, key))) ?? answer;
  }

  /**
   * Replaces a slow start by a warm sandbox that has become available. The sandbox of the slow start is killed when it
   * appears.
   */
  async #insteadOf(row: Row, key: WorkspaceKey): Promise<Grant | Refusal | undefined> {
    const { rows, filler, lifecycle, termination } = this.#parts;
    const goesOn = row.state === "warming" && lifecycle.move(row.sandbox_id) !== undefined;
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
    const { rows, idlePolicy, snapshots, lifecycle, startPatience } = this.#parts;
    if (known) {
      const ready = await this.ready(known, key.tenant);
      const lost = !ready.ok && ready.code === "workspace_gone" && rows.get(known.sandbox_id)?.state !== known.state;
      // The sandbox is gone: claim a new one, unless another claim has made it meanwhile.
      return lost ? this.#claimPatiently(key, onSeed) : ready;
    }
    const now = Date.now();
    const budget = idlePolicy.budget(now);
    if (budget.state === "exhausted") return exhausted(budget.liftsAt, now);
    const snapshot = snapshots.findReady(key);
    if (!snapshot) return this.#claimBlank(key, now);
    const oneTooMany = this.#oneTooMany(key);
    if (oneTooMany) return oneTooMany;
    if (!this.room.has()) return this.#claimRoom(key, now, onSeed);
    onSeed?.(snapshots.seedOf(snapshot));
    const row = await this.#insert(key, snapshot.e2b_id, now);
    const starting = lifecycle.start(row).then((outcome) => {
      // A start that was ended meanwhile does not count against its snapshot.
      const isEnded = rows.get(row.sandbox_id)?.state === "gone";
      if (outcome.ok) snapshots.started(snapshot, now);
      else if (outcome.code !== "rate_limited" && !isEnded) {
        snapshots.failedToStart(snapshot, outcome.code === "workspace_gone", now);
      }
      return outcome;
    });
    const started = await startPatience.wait(starting);
    if (started.ok) return this.#granted(started, "snapshot");
    // If E2B may have created the sandbox, the next call finds it. Otherwise another claim may have come first.
    if (rows.get(row.sandbox_id)) return this.#granted(started, "snapshot");
    return rows.workspace(key) ? this.#claimPatiently(key) : this.#claimBlank(key, now);
  }

  async #claimBlank(key: WorkspaceKey, now: number): Promise<Grant | Refusal> {
    const { filler, lifecycle, startPatience, template } = this.#parts;
    const oneTooMany = this.#oneTooMany(key);
    if (oneTooMany) return oneTooMany;
    filler.claimed(now);
    const warm = this.#takeWarm(key, now);
    if (warm) return this.#grantedWarm(warm);
    if (!this.room.has()) return this.#claimRoom(key, now);
    const started = await startPatience.wait(lifecycle.start(await this.#insert(key, template(), now)));
    if (started.ok) filler.created((Date.now() - now) / 1000);
    return this.#granted(started, "cold");
  }

  /** Refuses a workspace that its tenant may not have. To be asked in the same turn in which the row is written. */
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

  /** A warm sandbox from before a change of the setting gets its network first. */
  async #grantedWarm(warm: Row): Promise<Grant | Refusal> {
    const { seal, startPatience, lifecycle } = this.#parts;
    if (!seal.isOutdated(warm)) return this.#granted({ ok: true, row: warm }, "pool");
    return this.#granted(await startPatience.wait(lifecycle.resume(warm)), "pool");
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
    return (await this.room.make(now)) ? this.#claimPatiently(key, onSeed) : full(this.#parts.maxRunning);
  }

  /**
   * Returns the sandbox of a workspace for an operation. Refuses after a rollback until a clone has reported the loss:
   * an old tree must not pass for the newest.
   * @param lost generation of a grant whose sandbox turned out not to run
   */
  async use(row: Row, tenant: string, lost?: number): Promise<Grant | Refusal> {
    const ready = await this.ready(row, tenant, lost);
    const now = this.#parts.rows.get(row.sandbox_id);
    const loss = now && lossOf(now);
    return ready.ok && loss && now.loss_told === 0 ? rolledBack(loss) : ready;
  }

  /**
   * Returns the sandbox of a workspace, and resumes it if it is paused.
   * @param lost generation of a grant whose sandbox turned out not to run
   */
  async ready(row: Row, tenant: string, lost?: number): Promise<Grant | Refusal> {
    const ready = await this.#ready(row, tenant, lost);
    if (ready.ok || ready.code !== "workspace_gone") return ready;
    const now = this.#parts.rows.get(row.sandbox_id);
    const loss = now && lossOf(now);
    return loss ? lostWith(loss) : ready;
  }

  async #ready(row: Row, tenant: string, lost?: number): Promise<Grant | Refusal> {
    const { rows, lifecycle, startPatience, saver, seal } = this.#parts;
    if (row.tenant !== tenant) return NOT_FOUND;
    const moving = lifecycle.move(row.sandbox_id);
    if (moving) {
      saver.keep(row.sandbox_id);
      const wasPausing = lifecycle.isPausing(row.sandbox_id);
      const moved = await startPatience.wait(moving);
      // Too slow: the transition continues in the background.
      if (!moved.ok && lifecycle.move(row.sandbox_id) === moving) return moved;
      const now = rows.get(row.sandbox_id);
      if (!now) return moved.ok ? GONE : moved;
      // A failed start or resume also fails this call. After a pause, resume.
      return moved.ok || wasPausing || now.state === "bound" ? this.#ready(now, tenant) : moved;
    }
    switch (row.state) {
      case "bound":
        if (lost === row.generation || Date.now() >= row.ends_at || seal.isOutdated(row)) {
          return this.#granted(await startPatience.wait(lifecycle.resume(row)), "paused");
        }
        this.#touch(row);
        return this.#grant(row, "live");
      case "paused":
        return this.#resume(row, tenant);
      case "warming":
        return this.#granted(await startPatience.wait(lifecycle.adopt(row, true)), "cold");
      case "warm":
        return NOT_FOUND;
      case "gone":
        return GONE;
    }
  }

  /** Records a use of an earlier grant. @returns whether the grant is still valid */
  used(row: Row, generation: number): boolean {
    const runs = row.state === "bound" && row.generation === generation && Date.now() < row.ends_at;
    const holds = runs && !this.#parts.seal.isOutdated(row) && !this.#parts.lifecycle.move(row.sandbox_id);
    if (holds) this.#touch(row);
    return holds;
  }

  async #resume(row: Row, tenant: string): Promise<Grant | Refusal> {
    const { rows, lifecycle, startPatience, maxRunning } = this.#parts;
    // A sandbox whose pause is outstanding already counts as running.
    if (row.charged_until === null && !this.room.has()) {
      if (!(await this.room.make(Date.now()))) return full(maxRunning);
      const now = rows.get(row.sandbox_id);
      return now ? this.#ready(now, tenant) : GONE;
    }
    return this.#granted(await startPatience.wait(lifecycle.resume(row)), "paused");
  }

  async #granted(outcome: Outcome, source: Source): Promise<Grant | Refusal> {
    await this.#afterChange();
    return outcome.ok ? this.#grant(outcome.row, source) : outcome;
  }

  #grant(row: Row, source: Source): Grant | Refusal {
    const seedHead = row.template === this.#parts.template() ? undefined : this.#parts.snapshots.seedHead(row.template);
    // A start recovered by `adopt` is reported as "cold"; correct it to "snapshot".
    return grantOf(row, source === "cold" && seedHead !== undefined ? "snapshot" : source, seedHead);
  }

  #touch(row: Row): void {
    const { rows, idlePolicy } = this.#parts;
    const now = Date.now();
    idlePolicy.used(now - this.current(row).last_used_at, now);
    if (now - row.last_used_at < TOUCH_EVERY_MS) {
      this.#touched.set(row.sandbox_id, now);
    } else {
      this.#touched.delete(row.sandbox_id);
      rows.touch(row.sandbox_id, now);
      idlePolicy.remember(row, now);
    }
  }

  /** Returns a row with its last use, which may not be written yet. */
  current(row: Row): Row {
    return { ...row, last_used_at: Math.max(row.last_used_at, this.#touched.get(row.sandbox_id) ?? 0) };
  }
}
