import type { Grant } from "../durable/sandboxes/grant.ts";

/**
 * Cache lifetime in ms. After it the pool may have paused the workspace, and a stale entry costs one failed sandbox
 * request.
 */
const KNOWN_MS = 60_000;
/** Cache size; a grant takes about half a kilobyte. */
const MAX_KNOWN = 1_000;

interface Known {
  readonly grant: Grant;
  readonly until: number;
  /** Whether it is invalid until `until`, unless a later state of the sandbox replaces it. */
  readonly revoked: boolean;
}

/**
 * Caches recent grants of this isolate, so that an operation starts without waiting for the pool; the pool records the
 * use meanwhile. The cache decides nothing: a workspace never changes its owner, and a stale grant leads to a sandbox
 * that does not run.
 */
export class Grants {
  /** In insertion order. */
  readonly #known = new Map<string, Known>();

  /** Returns the valid grant of a workspace, if cached. */
  find(tenant: string, sandboxId: string, now: number): Grant | undefined {
    const known = this.#known.get(keyOf(tenant, sandboxId));
    return known && !known.revoked && now < known.until ? known.grant : undefined;
  }

  /** Stores a grant. The pool's answers may arrive out of order: a later state of the sandbox stays. */
  note(tenant: string, grant: Grant, now: number): void {
    const key = keyOf(tenant, grant.sandboxId);
    const before = this.#known.get(key);
    if (before && grant.generation < before.grant.generation + (before.revoked && now < before.until ? 1 : 0)) return;
    this.#known.delete(key);
    this.#known.set(key, { grant: { ...grant, source: "live" }, until: now + KNOWN_MS, revoked: false });
    const [oldest] = this.#known.keys();
    if (this.#known.size > MAX_KNOWN && oldest !== undefined) this.#known.delete(oldest);
  }

  /**
   * Invalidates the cached grant, and any older grant still in flight.
   * @param lost generation that turned out invalid; absent: any
   */
  revoke(tenant: string, sandboxId: string, now: number, lost = Infinity): void {
    const key = keyOf(tenant, sandboxId);
    const known = this.#known.get(key);
    if (known && known.grant.generation <= lost) {
      this.#known.set(key, { grant: known.grant, until: now + KNOWN_MS, revoked: true });
    }
  }
}

const keyOf = (tenant: string, sandboxId: string) => `${tenant}\n${sandboxId}`;

/** The cache of this isolate. */
export const knownGrants = new Grants();
