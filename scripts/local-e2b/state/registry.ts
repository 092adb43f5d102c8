import { ApiError } from "../http/reply.ts";
import type { Sandbox, SandboxState } from "./sandbox.ts";

/** One row of the account: the data by which E2B would bill a sandbox. */
export interface AccountRow {
  readonly sandboxID: string;
  readonly templateID: string;
  readonly state: SandboxState;
  readonly runningSeconds: number;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Live sandboxes, and the account of killed ones. */
export class SandboxRegistry {
  readonly #live = new Map<string, Sandbox>();
  readonly #gone: AccountRow[] = [];

  /** Returns every sandbox that is running or paused. */
  all(): readonly Sandbox[] {
    return [...this.#live.values()];
  }

  get(id: string): Sandbox | undefined {
    return this.#live.get(id);
  }

  /** Returns a sandbox of a team. Ids may have E2B's old form `id-clientID`. @throws ApiError 404 */
  find(team: string, id: string): Sandbox {
    const sandbox = this.#live.get(id.split("-", 1)[0] ?? id);
    if (sandbox === undefined || sandbox.spec.team !== team) throw missing(id);
    return sandbox;
  }

  runningOf(team: string): number {
    return this.all().filter(({ state, spec }) => state === "running" && spec.team === team).length;
  }

  add(sandbox: Sandbox): void {
    this.#live.set(sandbox.id, sandbox);
  }

  /** Removes a killed sandbox from the list and keeps its row of the account. */
  bury(sandbox: Sandbox): void {
    this.#live.delete(sandbox.id);
    this.#gone.push(accountRow(sandbox));
  }

  account(): readonly AccountRow[] {
    return [...this.#gone, ...this.all().map(accountRow)];
  }
}

export function missing(id: string): ApiError {
  return new ApiError(404, `Sandbox "${id}" doesn't exist or you don't have access to it`);
}

/** Refuses a paused sandbox as not found, like E2B, for calls that need a running one. @throws ApiError 404 */
export function requireRunning(sandbox: Sandbox): void {
  if (sandbox.state !== "running") throw missing(sandbox.id);
}

function accountRow(sandbox: Sandbox): AccountRow {
  return {
    sandboxID: sandbox.id,
    templateID: sandbox.spec.image.templateId,
    state: sandbox.state,
    runningSeconds: sandbox.runningSeconds(),
    metadata: sandbox.spec.metadata ?? {},
  };
}
