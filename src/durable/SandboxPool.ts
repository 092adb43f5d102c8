import { retryable } from "cloudflare:durable-objects";
import { DurableObject } from "cloudflare:workers";
import { configOf } from "../config.ts";
import type { BuildRecord, Promoted } from "../pool/template.ts";
import { Claims } from "./claims.ts";
import { AlarmHandler } from "./alarm.ts";
import type { Grant, Seed } from "./sandboxes/grant.ts";
import { isOrphaned } from "./sandboxes/orphaned-starts.ts";
import { lossOf } from "./sandboxes/loss.ts";
import type { BuiltSnapshot } from "./snapshots/builder.ts";
import { lostWith, NOT_FOUND, type Refusal, WORKSPACE_BUSY } from "./sandboxes/refusal.ts";
import { type Shard, createShard } from "./shard.ts";
import { type PlaceInLine, type PushRequest, PushTurns } from "./pushes/push-turns.ts";
import type { Row, WorkspaceKey } from "./storage/row.ts";
import { migrate } from "./storage/schema.ts";
import type { SnapshotKey } from "./storage/snapshot-table.ts";
import type { CloneFacts } from "./snapshots/catalog.ts";
import type { TemplateStanding } from "./sandboxes/template-version.ts";
import { type OwnedView, type SnapshotView, snapshotView, type View, viewOf } from "./sandboxes/view.ts";
import type { PageEnd } from "./storage/row.ts";

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
 * One shard of the pool: which sandbox serves which workspace. All state is in rows; what is due is found by one alarm
 * at the earliest time any row names. Rules are in src/pool; claims.ts says who gets which sandbox, room.ts makes room for
 * it, due.ts what the alarm does, lifecycle.ts and endings.ts move sandboxes, keeper.ts says how long they run, patience.ts
 * how long callers wait, warm-pool.ts keeps blank ones,
 * snapshots.ts says which repositories have one and maker.ts makes them, templates.ts what new sandboxes start from,
 * ledger.ts counts the money, reconciler.ts mends what went astray, metrics-reporter.ts tells how it stands.
 */
export class SandboxPool extends DurableObject<Env> {
  static {
    // Each may be asked again when its answer was lost: the same call finds what the first one did.
    for (const method of METHODS) retryable(this.prototype[method]);
  }

  readonly #parts: Shard;
  readonly #claims: Claims;
  readonly #due: AlarmHandler;
  readonly #pushTurns: PushTurns;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    migrate(ctx.storage);
    // Objects are named by their shard number.
    this.#parts = createShard(ctx, env, Number(ctx.id.name ?? 0), Date.now());
    this.#claims = new Claims(this.#parts, () => this.#settle());
    this.#due = new AlarmHandler(this.#parts, (row) => this.#claims.current(row));
    this.#pushTurns = new PushTurns(configOf(env).operationTimeoutS * 1000);
  }

  /**
   * A sandbox for a workspace: the one it has, or a new one. The same key always answers the same workspace.
   * @param onSeed told at once of what a sandbox that starts from a repository snapshot will begin with
   */
  async claim(key: WorkspaceKey, onSeed?: (seed: Seed) => Promise<void>): Promise<Grant | Refusal> {
    // Nothing is lost where the caller is gone.
    return this.#claims.claim(key, (seed) => void onSeed?.(seed).catch(() => undefined));
  }

  /**
   * The sandbox of a workspace, resumed if it was paused.
   * @param lost generation of a grant whose sandbox turned out not to run
   */
  async use(request: { tenant: string; sandboxId: string; lost?: number }): Promise<Grant | Refusal> {
    const row = this.#parts.rows.get(request.sandboxId);
    return row ? this.#claims.use(row, request.tenant, request.lost) : NOT_FOUND;
  }

  /**
   * The sandbox of a workspace for a push, when its turn has come.
   * @param onBefore told how many pushes come before it, whenever that changes
   */
  async push(request: PushRequest, onBefore?: (before: number) => Promise<void>): Promise<PlaceInLine | Refusal> {
    const row = this.#parts.rows.get(request.sandboxId);
    const grant = row ? await this.#claims.ready(row, request.tenant) : NOT_FOUND;
    return grant.ok ? this.#pushTurns.enter(request, row?.repository ?? "", grant, onBefore) : grant;
  }

  /**
   * Hears of a use of what was granted before. Nothing is resumed for it: what is on its way may come after a pause.
   * @returns whether the grant still holds
   */
  touch(request: { tenant: string; sandboxId: string; generation: number }): boolean {
    const row = this.#owned(request);
    return row !== undefined && this.#claims.used(row, request.generation);
  }

  /** The tenant's workspaces, last used first. */
  async list(tenant: string): Promise<View[]> {
    // The first call of a new deployment is what fills its pool.
    this.#parts.filler.wake(Date.now());
    await this.#settle();
    return this.#parts.rows.ofTenant(tenant, LIST_LIMIT).map((row) => this.#view(row));
  }

  /**
   * @param open a session begins: a paused sandbox is resumed meanwhile, so that the first operation finds it running. Only
   *   where there is room: what nobody asked for yet takes nobody's place
   */
  view(request: { tenant: string; sandboxId: string; open: boolean }): View | undefined {
    const row = this.#owned(request);
    if (!row) return undefined;
    const resumed = request.open && row.state === "paused" && this.#claims.room.has();
    if (resumed) this.ctx.waitUntil(this.#claims.ready(row, request.tenant));
    return this.#view(row);
  }

  /** The tenant's workspace that was used last. */
  lastUsed(tenant: string): View | undefined {
    const row = this.#parts.rows.lastUsed(tenant);
    return row && this.#view(row);
  }

  /**
   * Pauses a workspace now: its session says that it ends. Where E2B fails, the alarm tries again.
   * @returns why it was not paused
   */
  async pause(request: { tenant: string; sandboxId: string }): Promise<Refusal | undefined> {
    if (!this.#owned(request)) return NOT_FOUND;
    // A resume under way comes first.
    await this.#parts.lifecycle.move(request.sandboxId);
    const row = this.#parts.rows.get(request.sandboxId);
    const paused = row?.state === "bound" ? await this.#parts.lifecycle.pause(row) : undefined;
    await this.#settle();
    return paused === WORKSPACE_BUSY ? paused : this.#lost(request.sandboxId);
  }

  /** Ends a workspace and its sandbox. False where the tenant has none of that name. */
  async end(request: { tenant: string; sandboxId: string }): Promise<boolean> {
    const row = this.#owned(request);
    if (row && row.state !== "gone") await this.#parts.termination.end(row);
    const ended = this.#parts.rows.get(request.sandboxId);
    // A start under way in this object sees for itself that it came too late.
    const moving = this.#parts.lifecycle.move(request.sandboxId);
    if (ended && isOrphaned(ended) && !moving) await this.#parts.lifecycle.seek(ended);
    await this.#settle();
    return row !== undefined;
  }

  /** For the operator: workspaces of all tenants, last used first, to half a minute. Looking uses nothing. */
  workspaces(request: { after: PageEnd; limit: number }): OwnedView[] {
    return this.#parts.rows.workspaces(request.after, request.limit).flatMap((row) => this.#ownedView(row) ?? []);
  }

  /** For the operator: a workspace, and whose it is. */
  workspace(sandboxId: string): OwnedView | undefined {
    const row = this.#parts.rows.get(sandboxId);
    return row && this.#ownedView(row);
  }

  template(): TemplateStanding {
    return this.#parts.templates.standing();
  }

  /** What sandboxes that are not gone started from, and what lies beneath repository snapshots. */
  templateUse(): string[] {
    return [...this.#parts.rows.templates(), ...this.#parts.snapshotTable.templates()];
  }

  /** New sandboxes start from this version, and blank ones of others are replaced; a version that is not newer changes nothing. */
  async promoteTemplate(promoted: Promoted): Promise<void> {
    if (!this.#parts.templates.promote(promoted)) return;
    this.#parts.filler.wake(Date.now());
    await this.#settle();
  }

  async noteTemplateBuild(build: BuildRecord): Promise<void> {
    const hasEnded = this.#parts.templates.note(build);
    if (hasEnded && build.state !== "building") this.#parts.reporter.count("templateBuilds", build.state);
    await this.#settle();
  }

  #ownedView(row: Row): OwnedView | undefined {
    const { tenant, state } = row;
    // A blank sandbox is nobody's workspace.
    if (tenant === null) return undefined;
    const now = Date.now();
    const tier = state === "bound" ? this.#parts.idlePolicy.tier(row, now) : state === "paused" ? "cold" : undefined;
    return { ...viewOf(row, this.#parts.idlePolicy, now), tenant, ...(tier && { tier }) };
  }

  /** Takes in how a clone went. @returns whether a snapshot of its repository should be made */
  cloned(facts: CloneFacts): boolean {
    return this.#parts.snapshots.cloned(facts, Date.now());
  }

  /** A sandbox to make a repository's snapshot in; undefined: one is being made already. */
  async beginSnapshot(key: SnapshotKey): Promise<Grant | Refusal | undefined> {
    const begun = await this.#parts.builder.begin(key);
    await this.#settle();
    return begun;
  }

  /** The clone in it ended. @param made absent: it failed. @returns whether there is a snapshot now */
  async finishSnapshot(request: { tenant: string; makerId: string; made?: BuiltSnapshot }): Promise<boolean> {
    const finished = await this.#parts.builder.finish(request.tenant, request.makerId, request.made);
    await this.#settle();
    return finished;
  }

  /** The tenant's repository snapshots, last used first. */
  snapshots(tenant: string): SnapshotView[] {
    return this.#parts.snapshotTable.ofTenant(tenant).map(snapshotView);
  }

  /** False where the tenant has none of that name. */
  async dropSnapshot({ tenant, snapshotId }: { tenant: string; snapshotId: string }): Promise<boolean> {
    const row = this.#parts.snapshotTable.get(snapshotId);
    if (row?.tenant !== tenant || row.state === "gone") return false;
    this.#parts.snapshots.drop(row, "asked_for", Date.now());
    await this.#settle();
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
    return viewOf(this.#claims.current(row), this.#parts.idlePolicy, Date.now());
  }

  override async alarm(): Promise<void> {
    try {
      await this.#due.run();
    } finally {
      await this.#arm();
    }
  }

  /** To be called after rows may have changed. */
  async #settle(): Promise<void> {
    this.#parts.reporter.changed(Date.now());
    await this.#arm();
  }

  /** The one alarm, always derived from rows. */
  async #arm(): Promise<void> {
    const next = this.#due.nextAt();
    if (next === undefined) return this.ctx.storage.deleteAlarm();
    const at = Math.max(next, Date.now());
    if ((await this.ctx.storage.getAlarm()) !== at) await this.ctx.storage.setAlarm(at);
  }
}
