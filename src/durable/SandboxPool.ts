import { DurableObject } from "cloudflare:workers";
import { configOf } from "../config.ts";
import { controlPlane } from "../e2b/control.ts";
import { newSandboxId } from "../pool/handle.ts";
import { dueFor } from "../pool/tiers.ts";
import { Lifecycle, type Outcome, START_GIVEN_UP_MS } from "./lifecycle.ts";
import { GONE, NOT_FOUND, type Refusal } from "./outcome.ts";
import { Reconciler } from "./reconciler.ts";
import { type Row, Rows, type WorkspaceKey } from "./rows.ts";
import { migrate } from "./schema.ts";
import { viewOf, type View } from "./view.ts";

/** A use is written down only this often: nothing that is decided by it is finer, and each write is billed. */
const TOUCH_EVERY_MS = 30_000;
/** One alarm takes on this many rows, so that its time is bounded; what is left is due at once again. */
const DUE_BATCH = 24;
const LIST_LIMIT = 500;

export interface ClaimRequest extends WorkspaceKey {
  readonly url: string;
}

/** Everything the Worker needs to send one operation to a workspace's sandbox. */
export interface Grant {
  readonly ok: true;
  readonly sandboxId: string;
  /** Names this state of the sandbox, for saying that it was lost. */
  readonly generation: number;
  readonly source: "live" | "paused" | "cold";
  readonly url: string;
  readonly session: { readonly sandboxId: string; readonly accessToken?: string; readonly domain?: string };
}

/**
 * One shard of the pool: which sandbox serves which workspace. All state is in rows; what is due is found by one alarm
 * at the earliest time any row names. Rules are in src/pool, moves of sandboxes in lifecycle.ts.
 */
export class SandboxPool extends DurableObject<Env> {
  readonly #rows: Rows;
  readonly #lifecycle: Lifecycle;
  readonly #reconciler: Reconciler;
  readonly #ttlMs: number;
  /** Uses that are not written down yet; losing them makes a workspace look at most TOUCH_EVERY_MS older. */
  readonly #touched = new Map<string, number>();

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    migrate(ctx.storage);
    const config = configOf(env);
    // A use is noted when an operation begins: a shorter stay could pause the sandbox under it.
    this.#ttlMs = Math.max(config.unusedTtlS, config.operationTimeoutS) * 1000;
    this.#rows = new Rows(ctx.storage);
    const poolId = this.#rows.poolId();
    const plane = controlPlane(config.e2b);
    this.#lifecycle = new Lifecycle(this.#rows, plane, { template: config.template, ttlMs: this.#ttlMs, poolId });
    this.#reconciler = new Reconciler(this.#rows, plane, this.#lifecycle, poolId);
  }

  /** A sandbox for a workspace: the one it has, or a new one. The same key always answers the same workspace. */
  async claim(request: ClaimRequest): Promise<Grant | Refusal> {
    const known = this.#rows.workspace(request);
    if (known) return this.#ready(known, request.tenant);
    const now = Date.now();
    const row = this.#rows.insertWarming(newSandboxId(this.#shard()), request, request.url, now, now + START_GIVEN_UP_MS);
    this.#reconciler.schedule(now);
    await this.#arm();
    return this.#granted(await this.#lifecycle.start(row), "cold");
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
        return this.#granted(await this.#lifecycle.resume(row), "paused");
      case "warming":
        return this.#granted(await this.#lifecycle.adopt(row, true), "cold");
      case "warm":
        return NOT_FOUND;
      case "gone":
        return GONE;
    }
  }

  async #granted(outcome: Outcome, source: Grant["source"]): Promise<Grant | Refusal> {
    await this.#arm();
    return outcome.ok ? grantOf(outcome.row, source) : outcome;
  }

  #touch(row: Row): void {
    const now = Date.now();
    if (now - row.last_used_at < TOUCH_EVERY_MS) {
      this.#touched.set(row.sandbox_id, now);
    } else {
      this.#touched.delete(row.sandbox_id);
      this.#rows.touch(row.sandbox_id, now);
    }
  }

  /** The tenant's workspaces, last used first. */
  list(tenant: string): View[] {
    return this.#rows.ofTenant(tenant, LIST_LIMIT).map((row) => viewOf(this.#current(row), this.#ttlMs));
  }

  view(request: { tenant: string; sandboxId: string }): View | undefined {
    const row = this.#rows.get(request.sandboxId);
    return row?.tenant === request.tenant ? viewOf(this.#current(row), this.#ttlMs) : undefined;
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
    } finally {
      await this.#arm();
    }
  }

  async #act(row: Row): Promise<void> {
    if (this.#lifecycle.move(row.sandbox_id)) return;
    switch (row.state) {
      case "warming":
        await this.#lifecycle.adopt(row, false);
        return;
      case "bound": {
        const due = dueFor({ lastUsedAt: row.last_used_at, endsAt: row.ends_at }, Date.now(), this.#ttlMs);
        if (due.action === "wait") this.#rows.setDue(row.sandbox_id, due.until, 0);
        else await this.#lifecycle[due.action](row);
        return;
      }
      case "paused":
        await this.#lifecycle.pause(row);
        return;
      case "gone":
        if (row.e2b_id === null) this.#rows.remove(row.sandbox_id);
        else await this.#lifecycle.kill(row);
        return;
      case "warm":
        this.#rows.setDue(row.sandbox_id, null, 0);
    }
  }

  /** The one alarm, always derived from rows. */
  async #arm(): Promise<void> {
    const times = [this.#rows.firstDueAt(), this.#reconciler.dueAt()].filter((time) => time !== undefined);
    if (times.length === 0) return this.ctx.storage.deleteAlarm();
    const at = Math.max(Math.min(...times), Date.now());
    if ((await this.ctx.storage.getAlarm()) !== at) await this.ctx.storage.setAlarm(at);
  }

  /** Objects are named by their shard number. */
  #shard(): number {
    return Number(this.ctx.id.name ?? 0);
  }
}

function grantOf(row: Row, source: Grant["source"]): Grant {
  return {
    ok: true,
    sandboxId: row.sandbox_id,
    generation: row.generation,
    source,
    url: row.url ?? "",
    session: {
      sandboxId: row.e2b_id ?? "",
      ...(row.access_token === null ? {} : { accessToken: row.access_token }),
      ...(row.domain === null ? {} : { domain: row.domain }),
    },
  };
}
