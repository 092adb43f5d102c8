import type { Grant } from "../durable/sandboxes/grant.ts";

/** By then the pool may have paused the workspace, and to find that out costs a request to a sandbox that does not run. */
const KNOWN_MS = 60_000;
/** A grant takes about half a kilobyte. */
const MAX_KNOWN = 1_000;

interface Known {
  readonly grant: Grant;
  readonly until: number;
  /** Until then it holds no more, and only a later state of the sandbox will. */
  readonly revoked: boolean;
}

/**
 * What the pool granted through this isolate lately. An operation begins with that, and the pool is told of it meanwhile,
 * instead of waiting to hear the same again. Nothing is decided by it: a workspace never changes its owner, and a grant
 * that does not hold any more leads to a sandbox that does not run.
 */
export class Grants {
  /** In the order of their noting. */
  readonly #known = new Map<string, Known>();

  find(tenant: string, sandboxId: string, now: number): Grant | undefined {
    const known = this.#known.get(keyOf(tenant, sandboxId));
    return known && !known.revoked && now < known.until ? known.grant : undefined;
  }

  /** The pool's answers may overtake each other; a later state of the sandbox stays. */
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
   * What was granted so far leads nowhere, also what is still on its way.
   * @param lost the generation that does; absent: whichever there is
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

/** This isolate's. */
export const grants = new Grants();
