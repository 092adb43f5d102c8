import { DurableObject } from "cloudflare:workers";
import { configOf } from "../config.ts";
import { controlPlane } from "../e2b/control.ts";
import type { SandboxAddress } from "../e2b/config.ts";
import { newSandboxId } from "../pool/handle.ts";
import { shareOf } from "../pool/share.ts";
import type { Source } from "../pool/sources.ts";
import { inspector, sessionOf } from "./inspect.ts";
import { Keeper } from "./keeper.ts";
import { Ledger } from "./ledger.ts";
import { Lifecycle, type Outcome, START_GIVEN_UP_MS } from "./lifecycle.ts";
import { exhausted, full, GONE, NOT_FOUND, type Refusal } from "./outcome.ts";
import { Reconciler } from "./reconciler.ts";
import { type Row, Rows, type WorkspaceKey } from "./rows.ts";
import { migrate } from "./schema.ts";
import { Settings } from "./settings.ts";
import { type View, viewOf } from "./view.ts";
import { WarmPool } from "./warm-pool.ts";

/** A use is written down only this often: nothing that is decided by it is finer, and each write is billed. */
const TOUCH_EVERY_MS = 30_000;
/** One alarm takes on this many rows, so that its time is bounded; what is left is due at once again. */
const DUE_BATCH = 24;
const LIST_LIMIT = 500;
/** A workspace that was not used this long may be paused to make room for another. */
const ROOM_IDLE_MS = 60_000;

/** Everything the Worker needs to send one operation to a workspace's sandbox. */
export interface Grant {
  readonly ok: true;
  readonly sandboxId: string;
  /** Names this state of the sandbox, for saying that it was lost. */
  readonly generation: number;
  readonly source: Source;
  readonly url: string;
  readonly session: SandboxAddress;
}

/**
 * One shard of the pool: which sandbox serves which workspace. All state is in rows; what is due is found by one alarm
 * at the earliest time any row names. Rules are in src/pool; lifecycle.ts moves sandboxes, keeper.ts says how long they
 * run, warm-pool.ts keeps blank ones, ledger.ts counts the money, reconciler.ts mends what went astray.
 */
export class SandboxPool extends DurableObject<Env> {
  readonly #rows: Rows;
  readonly #keeper: Keeper;
  readonly #lifecycle: Lifecycle;
  readonly #reconciler: Reconciler;
  readonly #warmPool: WarmPool;
  readonly #template: string;
  readonly #maxRunning: number;
  /** Uses that are not written down yet; losing them makes a workspace look at most TOUCH_EVERY_MS older. */
  readonly #touched = new Map<string, number>();

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    migrate(ctx.storage);
    const config = configOf(env);
    const now = Date.now();
    const shard = this.#shard();
    const share = (total: number) => shareOf(total, config.poolShards, shard);
    // A use is noted when an operation begins: a shorter stay would look for it again and again while one runs.
    const ttlMs = Math.max(config.unusedTtlS, config.operationTimeoutS) * 1000;
    const settings = new Settings(ctx.storage);
    const poolId = settings.poolId();
    const plane = controlPlane(config.e2b);
    const { pool, keepPolicy: policy, worth, template } = config;
    const budgetUsd = config.monthlyBudgetUsd === undefined ? undefined : config.monthlyBudgetUsd / config.poolShards;
    this.#rows = new Rows(ctx.storage);
    const ledger = new Ledger(ctx.storage, this.#rows, worth.rentUsdPerS);
    this.#keeper = new Keeper(this.#rows, settings, ledger, { policy, ttlMs, worth, budgetUsd }, now);
    this.#lifecycle = new Lifecycle(this.#rows, ledger, this.#keeper, plane, inspector(config), { ttlMs, poolId });
    this.#reconciler = new Reconciler(this.#rows, settings, plane, this.#lifecycle, poolId);
    this.#template = template;
    this.#maxRunning = share(config.maxSandboxes);
    const size = { min: share(pool.min), max: share(pool.max), maxRunning: this.#maxRunning };
    this.#warmPool = new WarmPool(
      this.#rows,
      settings,
      this.#lifecycle,
      this.#keeper,
      { ...size, template, shard },
      now,
    );
  }

  /** A sandbox for a workspace: the one it has, or a new one. The same key always answers the same workspace. */
  async claim(key: WorkspaceKey): Promise<Grant | Refusal> {
    const known = this.#rows.workspace(key);
    if (known) {
      const ready = await this.#ready(known, key.tenant);
      const lost =
        !ready.ok && ready.code === "workspace_gone" && this.#rows.get(known.sandbox_id)?.state !== known.state;
      // Its sandbox is gone: the claim gets a new one, unless another claim made it meanwhile.
      return lost ? this.claim(key) : ready;
    }
    const now = Date.now();
    const budget = this.#keeper.budget(now);
    if (budget.state === "exhausted") return exhausted(budget.liftsAt, now);
    this.#warmPool.claimed(now);
    const warm = this.#rows.bindWarm(key, this.#template, now);
    if (warm) {
      this.#rows.setDue(warm.sandbox_id, this.#keeper.dueAt(warm, now), 0);
      return this.#granted({ ok: true, row: warm }, "pool");
    }
    return this.#claimCold(key, now);
  }

  async #claimCold(key: WorkspaceKey, now: number): Promise<Grant | Refusal> {
    if (!this.#hasRoom()) {
      // Another claim for this workspace, or for the room, may come first.
      return (await this.#makeRoom(now)) ? this.claim(key) : full(this.#maxRunning);
    }
    const row = this.#rows.insertWarming(
      newSandboxId(this.#shard()),
      this.#template,
      key,
      now,
      now + START_GIVEN_UP_MS,
    );
    this.#reconciler.schedule(now);
    await this.#arm();
    const started = await this.#lifecycle.start(row);
    if (started.ok) this.#warmPool.created((Date.now() - now) / 1000);
    return this.#granted(started, "cold");
  }

  #hasRoom(): boolean {
    return this.#rows.running().total < this.#maxRunning;
  }

  /** Ends a blank sandbox, or pauses the workspace that was not used for the longest time. False: all are in use. */
  async #makeRoom(now: number): Promise<boolean> {
    const [blank] = this.#rows.running().warm;
    if (blank) {
      await this.#lifecycle.end(blank);
      return true;
    }
    const idle = this.#rows.longestIdle(now - ROOM_IDLE_MS);
    if (idle) await this.#lifecycle.pause(this.#current(idle));
    return idle !== undefined && this.#hasRoom();
  }

  /**
   * The sandbox of a workspace, resumed if it was paused.
   * @param lost generation of a grant whose sandbox turned out not to run
   */
  async use(request: { tenant: string; sandboxId: string; lost?: number }): Promise<Grant | Refusal> {
    const row = this.#rows.get(request.sandboxId);
    return row ? this.#ready(row, request.tenant, request.lost) : NOT_FOUND;
  }

  async #ready(row: Row, tenant: string, lost?: number): Promise<Grant | Refusal> {
    if (row.tenant !== tenant) return NOT_FOUND;
    const moving = this.#lifecycle.move(row.sandbox_id);
    if (moving) {
      const moved = await moving;
      const now = this.#rows.get(row.sandbox_id);
      if (!now) return moved.ok ? GONE : moved;
      // A failed start or resume is this caller's answer too; after a pause it is our turn.
      return !moved.ok && now.state !== "bound" ? moved : this.#ready(now, tenant);
    }
    switch (row.state) {
      case "bound":
        if (lost === row.generation || Date.now() >= row.ends_at) {
          return this.#granted(await this.#lifecycle.resume(row), "paused");
        }
        this.#touch(row);
        return grantOf(row, "live");
      case "paused":
        return this.#wake(row, tenant);
      case "warming":
        return this.#granted(await this.#lifecycle.adopt(row, true), "cold");
      case "warm":
        return NOT_FOUND;
      case "gone":
        return GONE;
    }
  }

  async #wake(row: Row, tenant: string): Promise<Grant | Refusal> {
    // One whose pause is still owed takes no more room than it has.
    if (row.charged_until === null && !this.#hasRoom()) {
      if (!(await this.#makeRoom(Date.now()))) return full(this.#maxRunning);
      const now = this.#rows.get(row.sandbox_id);
      return now ? this.#ready(now, tenant) : GONE;
    }
    return this.#granted(await this.#lifecycle.resume(row), "paused");
  }

  async #granted(outcome: Outcome, source: Source): Promise<Grant | Refusal> {
    await this.#arm();
    return outcome.ok ? grantOf(outcome.row, source) : outcome;
  }

  #touch(row: Row): void {
    const now = Date.now();
    this.#keeper.used(now - this.#current(row).last_used_at, now);
    if (now - row.last_used_at < TOUCH_EVERY_MS) {
      this.#touched.set(row.sandbox_id, now);
    } else {
      this.#touched.delete(row.sandbox_id);
      this.#rows.touch(row.sandbox_id, now);
      this.#keeper.remember(row, now);
    }
  }

  /** The tenant's workspaces, last used first. */
  async list(tenant: string): Promise<View[]> {
    // The first call of a new deployment is what fills its pool.
    this.#warmPool.wake(Date.now());
    await this.#arm();
    return this.#rows.ofTenant(tenant, LIST_LIMIT).map((row) => this.#view(row));
  }

  /** @param open a session begins: a paused sandbox is resumed meanwhile, so that the first operation finds it running */
  view(request: { tenant: string; sandboxId: string; open: boolean }): View | undefined {
    const row = this.#rows.get(request.sandboxId);
    if (row?.tenant !== request.tenant) return undefined;
    if (request.open && row.state === "paused") this.ctx.waitUntil(this.#ready(row, request.tenant));
    return this.#view(row);
  }

  #view(row: Row): View {
    const current = this.#current(row);
    return viewOf(current, this.#keeper.keepUntil(current, Date.now()));
  }

  /** Pauses a workspace now: its session says that it ends. False where the tenant has none of that name. */
  async pause(request: { tenant: string; sandboxId: string }): Promise<boolean> {
    const row = this.#rows.get(request.sandboxId);
    if (row?.tenant !== request.tenant) return false;
    if (row.state === "bound") await this.#lifecycle.pause(row);
    await this.#arm();
    return true;
  }

  /** Ends a workspace and its sandbox. False where the tenant has none of that name. */
  async end(request: { tenant: string; sandboxId: string }): Promise<boolean> {
    const row = this.#rows.get(request.sandboxId);
    if (row?.tenant !== request.tenant) return false;
    if (row.state !== "gone") await this.#lifecycle.end(row);
    await this.#arm();
    return true;
  }

  #current(row: Row): Row {
    return { ...row, last_used_at: Math.max(row.last_used_at, this.#touched.get(row.sandbox_id) ?? 0) };
  }

  /** Does what is due. Idempotent, and never throws: each row's failure postpones that row. */
  override async alarm(): Promise<void> {
    try {
      const due = this.#rows.due(Date.now(), DUE_BATCH);
      await Promise.all(due.map((row) => this.#act(this.#current(row))));
      await this.#reconciler.runIfDue(Date.now());
      await this.#warmPool.tendIfDue(Date.now());
      if (this.#rows.running().total > 0) this.#reconciler.schedule(Date.now());
    } finally {
      await this.#arm();
    }
  }

  async #act(row: Row): Promise<void> {
    if (this.#lifecycle.move(row.sandbox_id)) return;
    const now = Date.now();
    switch (row.state) {
      case "warming":
        await this.#lifecycle.adopt(row, false);
        return;
      case "warm":
      case "bound": {
        const due = this.#keeper.due(row, now);
        if (due.action === "wait") this.#rows.setDue(row.sandbox_id, due.until, 0);
        else if (due.action === "renew") await this.#lifecycle.resume(row);
        else await this.#lifecycle[due.action](row);
        return;
      }
      case "paused":
        // Still charged: the pause is owed. Otherwise it is a question of how long it is kept.
        if (row.charged_until !== null) await this.#lifecycle.pause(row);
        else await this.#retain(row, now);
        return;
      case "gone":
        if (row.e2b_id === null) this.#rows.remove(row.sandbox_id);
        else await this.#lifecycle.kill(row);
    }
  }

  async #retain(row: Row, now: number): Promise<void> {
    const kept = this.#keeper.retain(row, now);
    switch (kept.decision) {
      case "keep":
        this.#rows.setDue(row.sandbox_id, kept.until, 0);
        return;
      case "announce":
        this.#rows.transition(row, { announced_at: now, due_at: kept.dropsAt });
        return;
      case "drop":
        await this.#lifecycle.end(row);
    }
  }

  /** The one alarm, always derived from rows. */
  async #arm(): Promise<void> {
    const dues = [this.#rows.firstDueAt(), this.#reconciler.dueAt(), this.#warmPool.dueAt()];
    const times = dues.filter((time) => time !== undefined);
    if (times.length === 0) return this.ctx.storage.deleteAlarm();
    const at = Math.max(Math.min(...times), Date.now());
    if ((await this.ctx.storage.getAlarm()) !== at) await this.ctx.storage.setAlarm(at);
  }

  /** Objects are named by their shard number. */
  #shard(): number {
    return Number(this.ctx.id.name ?? 0);
  }
}

function grantOf(row: Row, source: Source): Grant | Refusal {
  const session = sessionOf(row);
  if (session === undefined) return GONE;
  return { ok: true, sandboxId: row.sandbox_id, generation: row.generation, source, url: row.url ?? "", session };
}
