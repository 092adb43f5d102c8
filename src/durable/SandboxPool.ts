import { retryable } from "cloudflare:durable-objects";
import { DurableObject } from "cloudflare:workers";
import { configOf } from "../config.ts";
import type { BuildRecord, Promoted } from "../pool/template.ts";
import { Claims } from "./claims.ts";
import { Uses } from "./uses.ts";
import { AlarmHandler } from "./alarm.ts";
import type { Grant, Seed } from "./sandboxes/grant.ts";
import { isOrphaned } from "./sandboxes/orphaned-starts.ts";
import { lossOf, savedOf } from "./sandboxes/loss.ts";
import type { BuiltSnapshot } from "./snapshots/builder.ts";
import { lostWith, NOT_FOUND, type Refusal, WORKSPACE_BUSY } from "./sandboxes/refusal.ts";
import { type Shard, createShard } from "./shard.ts";
import { type PlaceInLine, type PushRequest, PushTurns } from "./pushes/push-turns.ts";
import type { Row, WorkspaceKey } from "./storage/row.ts";
import { migrate } from "./storage/schema.ts";
import type { SnapshotKey } from "./storage/snapshot-table.ts";
import type { CloneReport } from "./snapshots/catalog.ts";
import { templateEvent } from "./sandboxes/template-event.ts";
import type { TemplateStanding } from "./sandboxes/template-version.ts";
import { type OwnedView, type SnapshotView, snapshotView, type View, viewOf } from "./sandboxes/view.ts";
import type { PageEnd, PageFilter } from "./storage/row.ts";

const LIST_LIMIT = 500;
const METHODS = [
  ...([
    "claim",
    "use",
    "push",
    "touch",
    "list",
    "view",
    "lastUsed",
    "pause",
    "end",
    "workspaces",
    "workspace",
  ] as const),
  ...(["snapshots", "finishSnapshot", "dropSnapshot"] as const),
  ...(["template", "templateUse", "promoteTemplate", "noteTemplateBuild"] as const),
] as const;

/**
 * One shard of the pool: maps workspaces to sandboxes. All state is in SQLite rows. One alarm fires at the earliest due
 * time of any row. The pure rules are in src/pool. The parts:
 * - claims.ts chooses the sandbox of a workspace, uses.ts makes it ready, room.ts frees capacity, alarm.ts handles the
 *   alarm;
 * - sandboxes/: starts.ts, lifecycle.ts and termination.ts change states, moves.ts knows what is in progress,
 *   idle-policy.ts limits idle time, start-patience.ts limits waits, work-saver.ts saves work before a drop,
 *   warm-pool-filler.ts fills the warm pool, template-version.ts holds the promoted template, reconciler.ts compares
 *   with E2B;
 * - snapshots/: catalog.ts decides which repositories have a snapshot, builder.ts makes them;
 * - storage/ledger.ts adds up cost, reporting/ reports to Metrics and sends events to Webhooks, pushes/ queues pushes.
 */
export class SandboxPool extends DurableObject<Env> {
  static {
    // These methods are idempotent, so callers may retry if the response is lost.
    for (const method of METHODS) retryable(this.prototype[method]);
  }

  readonly #parts: Shard;
  readonly #uses: Uses;
  readonly #claims: Claims;
  readonly #due: AlarmHandler;
  readonly #pushTurns: PushTurns;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    migrate(ctx.storage);
    // Objects are named by their shard number.
    this.#parts = createShard(ctx, env, Number(ctx.id.name ?? 0), Date.now());
    const afterChange = () => this.#afterChange();
    this.#uses = new Uses(this.#parts, afterChange);
    this.#claims = new Claims(this.#parts, this.#uses, afterChange);
    this.#due = new AlarmHandler(this.#parts, (row) => this.#uses.current(row), afterChange);
    this.#pushTurns = new PushTurns(configOf(env).operationTimeoutS * 1000);
  }

  /**
   * Claims a sandbox for a workspace: the existing one, or a new one. The same key always returns the same workspace.
   * @param onSeed receives the base clone while a sandbox starts from a repository snapshot
   */
  async claim(key: WorkspaceKey, onSeed?: (seed: Seed) => Promise<void>): Promise<Grant | Refusal> {
    // Ignore the error of a caller that has left.
    return this.#claims.claim(key, (seed) => void onSeed?.(seed).catch(() => undefined));
  }

  /**
   * Returns the sandbox of a workspace, and resumes it if it is paused.
   * @param lost generation of a grant whose sandbox turned out not to run
   */
  async use(request: { tenant: string; sandboxId: string; lost?: number }): Promise<Grant | Refusal> {
    const row = this.#parts.rows.get(request.sandboxId);
    return row ? this.#uses.use(row, request.tenant, request.lost) : NOT_FOUND;
  }

  /**
   * Returns the sandbox of a workspace for a push, once its turn has come.
   * @param onBefore receives the number of pushes ahead of it, whenever that changes
   */
  async push(request: PushRequest, onBefore?: (before: number) => Promise<void>): Promise<PlaceInLine | Refusal> {
    const row = this.#parts.rows.get(request.sandboxId);
    const grant = row ? await this.#uses.ready(row, request.tenant) : NOT_FOUND;
    return grant.ok ? this.#pushTurns.enter(request, row?.repository ?? "", grant, onBefore) : grant;
  }

  /**
   * Records a use of an earlier grant. Does not resume the sandbox: the call may arrive after a pause.
   * @returns whether the grant is still valid
   */
  touch(request: { tenant: string; sandboxId: string; generation: number }): boolean {
    const row = this.#owned(request);
    return row !== undefined && this.#uses.used(row, request.generation);
  }

  /** Lists the tenant's workspaces, last used first. */
  async list(tenant: string): Promise<View[]> {
    // The first call after a deployment starts filling the warm pool.
    this.#parts.filler.scheduleNow(Date.now());
    await this.#afterChange();
    return this.#parts.rows.ofTenant(tenant, LIST_LIMIT).map((row) => this.#view(row));
  }

  /**
   * Returns one workspace of the tenant.
   * @param open whether a session begins: a paused sandbox is then resumed in the background, so that the first
   *   operation finds it running. Only if there is free capacity: a resume ahead of demand must not displace a
   *   workspace in use
   */
  view(request: { tenant: string; sandboxId: string; open: boolean }): View | undefined {
    const row = this.#owned(request);
    if (!row) return undefined;
    const resumed = request.open && row.state === "paused" && this.#uses.room.has();
    if (resumed) this.ctx.waitUntil(this.#uses.ready(row, request.tenant));
    return this.#view(row);
  }

  /** Returns the tenant's most recently used workspace. */
  lastUsed(tenant: string): View | undefined {
    const row = this.#parts.rows.lastUsed(tenant);
    return row && this.#view(row);
  }

  /**
   * Pauses a workspace now, because its session ends. If E2B fails, the alarm retries.
   * @returns the reason if it was not paused
   */
  async pause(request: { tenant: string; sandboxId: string }): Promise<Refusal | undefined> {
    if (!this.#owned(request)) return NOT_FOUND;
    // Wait for a resume in progress first.
    await this.#parts.moves.of(request.sandboxId);
    const row = this.#parts.rows.get(request.sandboxId);
    const paused = row?.state === "bound" ? await this.#parts.lifecycle.pause(row) : undefined;
    await this.#afterChange();
    return paused === WORKSPACE_BUSY ? paused : this.#lost(request.sandboxId);
  }

  /** Ends a workspace and its sandbox. Returns false if the tenant has no workspace of that id. */
  async end(request: { tenant: string; sandboxId: string }): Promise<boolean> {
    const row = this.#owned(request);
    if (row && row.state !== "gone") await this.#parts.termination.end(row);
    // The alarm also deletes its saved work.
    if (row && savedOf(row)) this.#parts.rows.setDue(row.sandbox_id, Date.now(), 0);
    const ended = this.#parts.rows.get(request.sandboxId);
    // A start in progress in this object detects the end itself.
    const moving = this.#parts.moves.of(request.sandboxId);
    if (ended && isOrphaned(ended) && !moving) await this.#parts.starts.reap(ended);
    await this.#afterChange();
    return row !== undefined;
  }

  /** Lists workspaces of all tenants for the operator, last used first (to half a minute). Does not count as a use. */
  workspaces({ after, limit, filter }: { after: PageEnd; limit: number; filter: PageFilter }): OwnedView[] {
    return this.#parts.rows.workspaces(after, limit, filter).flatMap((row) => this.#ownedView(row) ?? []);
  }

  /** Returns a workspace and its tenant, for the operator. */
  workspace(sandboxId: string): OwnedView | undefined {
    const row = this.#parts.rows.get(sandboxId);
    return row && this.#ownedView(row);
  }

  /** Returns the template of new sandboxes, and the newest build. */
  template(): TemplateStanding {
    return this.#parts.templates.standing();
  }

  /** Lists the templates that live sandboxes started from, and those that repository snapshots are based on. */
  templateUse(): string[] {
    return [...this.#parts.rows.templates(), ...this.#parts.snapshotTable.templates()];
  }

  /**
   * Promotes a template version: new sandboxes start from it, and warm ones of older versions are replaced. A version
   * that is not newer changes nothing.
   */
  async promoteTemplate(promoted: Promoted): Promise<void> {
    if (!this.#parts.templates.promote(promoted)) return;
    this.#parts.filler.scheduleNow(Date.now());
    await this.#afterChange();
  }

  /** Stores the newest build's record, and counts its end. */
  async noteTemplateBuild(build: BuildRecord): Promise<void> {
    const hasEnded = this.#parts.templates.note(build);
    const event = hasEnded ? templateEvent(build, Date.now()) : undefined;
    if (event) this.#parts.outbox.add(event);
    if (hasEnded && build.state !== "building") this.#parts.reporter.count("templateBuilds", build.state);
    await this.#afterChange();
  }

  #ownedView(row: Row): OwnedView | undefined {
    const { tenant, state } = row;
    // A warm sandbox is not a workspace.
    if (tenant === null) return undefined;
    const now = Date.now();
    const tier = state === "bound" ? this.#parts.idlePolicy.tier(row, now) : state === "paused" ? "cold" : undefined;
    return { ...viewOf(row, this.#parts.idlePolicy, now), tenant, ...(tier && { tier }) };
  }

  /** Records the result of a clone. @returns whether to make a snapshot of its repository */
  cloned(report: CloneReport): boolean {
    return this.#parts.snapshots.cloned(report, Date.now());
  }

  /** Starts a sandbox to make a repository's snapshot in. Returns undefined if one is being made already. */
  async beginSnapshot(key: SnapshotKey): Promise<Grant | Refusal | undefined> {
    const begun = await this.#parts.builder.begin(key);
    await this.#afterChange();
    return begun;
  }

  /**
   * Concludes a snapshot after its clone ended. @param made undefined if the clone failed @returns whether a snapshot
   * is ready
   */
  async finishSnapshot(request: { tenant: string; makerId: string; made?: BuiltSnapshot }): Promise<boolean> {
    const finished = await this.#parts.builder.finish(request.tenant, request.makerId, request.made);
    await this.#afterChange();
    return finished;
  }

  /** Lists the tenant's repository snapshots, last used first. */
  snapshots(tenant: string): SnapshotView[] {
    return this.#parts.snapshotTable.ofTenant(tenant).map(snapshotView);
  }

  /** Drops a snapshot. Returns false if the tenant has no snapshot of that id. */
  async dropSnapshot({ tenant, snapshotId }: { tenant: string; snapshotId: string }): Promise<boolean> {
    const row = this.#parts.snapshotTable.get(snapshotId);
    if (row?.tenant !== tenant || row.state === "gone") return false;
    this.#parts.snapshots.drop(row, "asked_for", Date.now());
    await this.#afterChange();
    return true;
  }

  #lost(sandboxId: string): Refusal | undefined {
    const row = this.#parts.rows.get(sandboxId);
    const loss = row?.state === "gone" ? lossOf(row) : undefined;
    return loss && lostWith(loss);
  }

  #owned({ tenant, sandboxId }: { tenant: string; sandboxId: string }): Row | undefined {
    const row = this.#parts.rows.get(sandboxId);
    return row?.tenant === tenant ? row : undefined;
  }

  #view(row: Row): View {
    return viewOf(this.#uses.current(row), this.#parts.idlePolicy, Date.now());
  }

  override async alarm(): Promise<void> {
    try {
      await this.#due.run();
    } finally {
      await this.#arm();
    }
  }

  /** Schedules a metrics report and sets the alarm. Call it after rows may have changed. */
  async #afterChange(): Promise<void> {
    this.#parts.reporter.changed(Date.now());
    await this.#arm();
  }

  /** Sets the alarm to the earliest due time of any row. */
  async #arm(): Promise<void> {
    const next = this.#due.nextAt();
    if (next === undefined) return this.ctx.storage.deleteAlarm();
    const at = Math.max(next, Date.now());
    if ((await this.ctx.storage.getAlarm()) !== at) await this.ctx.storage.setAlarm(at);
  }
}
