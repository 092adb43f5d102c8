import { ApiError } from "../http/reply.ts";
import type { Sandbox, SandboxState } from "./sandbox.ts";

/** One line of the account: what E2B would bill a sandbox by. */
export interface AccountRow {
  readonly sandboxID: string;
  readonly templateID: string;
  readonly state: SandboxState;
  readonly runningSeconds: number;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Which sandboxes there are, and what those that are gone have cost. */
export class SandboxRegistry {
  readonly #live = new Map<string, Sandbox>();
  readonly #gone: AccountRow[] = [];

  /** Every sandbox that is running or paused. */
  all(): readonly Sandbox[] {
    return [...this.#live.values()];
  }

  get(id: string): Sandbox | undefined {
    return this.#live.get(id);
  }

  /** A sandbox of this team. Ids may come in E2B's old form `id-clientID`. @throws ApiError 404 */
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

  /** Takes a killed sandbox off the list and keeps its line of the account. */
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

/** E2B does not find a paused sandbox either, where only a running one will do. @throws ApiError 404 */
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
