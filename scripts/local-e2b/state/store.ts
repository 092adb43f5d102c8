import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { ApiError } from "../http/reply.ts";
import type { Isolation } from "../machine/machine.ts";
import { copyTree, makeTree, removeTree } from "../machine/tree.ts";
import { bashCommand } from "../machine/run.ts";
import { RunningProcess } from "../process/running.ts";
import { randomId } from "./names.ts";
import { Sandbox, type SandboxSpec } from "./sandbox.ts";
import { startCommand } from "./start-command.ts";

export interface StoreOptions {
  readonly root: string;
  readonly isolation: Isolation;
  /** Longest timeout, and longest single run. */
  readonly maxTimeoutS: number;
  /** Running sandboxes per team; undefined for no limit. */
  readonly maxRunning: number | undefined;
  readonly log: (line: string) => void;
}

export interface AccountRow {
  readonly sandboxID: string;
  readonly templateID: string;
  readonly state: Sandbox["state"];
  readonly runningSeconds: number;
  readonly metadata: Readonly<Record<string, string>>;
}

/** E2B resumes on traffic for at least this long. */
const AUTO_RESUME_MIN_S = 300;

/** All sandboxes of the host, and every change of their state. */
export class SandboxStore {
  readonly options: StoreOptions;
  readonly #live = new Map<string, Sandbox>();
  readonly #gone: AccountRow[] = [];
  readonly #cleanups = new Set<Promise<void>>();
  #starting = 0;

  constructor(options: StoreOptions) {
    this.options = options;
  }

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

  account(): readonly AccountRow[] {
    return [...this.#gone, ...this.all().map(accountRow)];
  }

  /** @param from a directory to copy instead of the image's. @throws ApiError 400 or 429 */
  async create(spec: SandboxSpec, from = spec.image.tree): Promise<Sandbox> {
    this.checkTimeout(spec.timeoutS);
    this.#checkCapacity(spec.team);
    const id = `i${randomId(20)}`;
    const tree = join(this.options.root, "sandboxes", id);
    const { isolation } = this.options;
    this.#starting++;
    try {
      await (from === undefined ? makeTree(tree, isolation.owner) : copyTree(from, tree));
      const machine = await isolation.open(id, tree);
      // The timeout begins when the sandbox is usable.
      const sandbox = new Sandbox(id, randomBytes(16).toString("hex"), spec, machine);
      await startUp(sandbox);
      sandbox.beginRun();
      this.#live.set(id, sandbox);
      this.#setEnd(sandbox, spec.timeoutS);
      return sandbox;
    } catch (error) {
      await removeTree(tree);
      throw error;
    } finally {
      this.#starting--;
    }
  }

  /** Absolute timeout from now; may shorten. Zero or less ends the sandbox at once, as E2B does. */
  setTimeout(sandbox: Sandbox, seconds: number): void {
    this.requireRunning(sandbox);
    this.#setEnd(sandbox, Math.max(0, seconds));
  }

  /** E2B does not find a paused sandbox either. @throws ApiError 404 */
  requireRunning(sandbox: Sandbox): void {
    if (sandbox.state !== "running") throw missing(sandbox.id);
  }

  /** Timeout that only ever moves the end away. */
  extend(sandbox: Sandbox, seconds: number): void {
    if (Date.now() + seconds * 1000 > sandbox.endAtMs) this.#setEnd(sandbox, seconds);
  }

  /** @throws ApiError 409 when it is paused already, 404 when it is gone */
  pause(sandbox: Sandbox, keepMemory: boolean): Promise<void> {
    return sandbox.exclusive(async () => {
      if (sandbox.state === "killed") throw missing(sandbox.id);
      if (sandbox.state === "paused") {
        throw new ApiError(409, `Error pausing sandbox - sandbox '${sandbox.id}' is already paused`);
      }
      sandbox.endRun("paused");
      for (const running of sandbox.processes.list()) running.freezeDeadline();
      await (keepMemory ? sandbox.machine.freeze() : sandbox.machine.killAll());
    });
  }

  /** @returns true when it was paused, false when it ran anyway. @throws ApiError */
  resume(sandbox: Sandbox, seconds: number, keepMemory: boolean): Promise<boolean> {
    this.checkTimeout(seconds);
    return sandbox.exclusive(async () => {
      if (sandbox.state === "killed") throw missing(sandbox.id);
      if (sandbox.state === "running") {
        this.extend(sandbox, seconds);
        return false;
      }
      this.#checkCapacity(sandbox.spec.team);
      if (!keepMemory) await sandbox.machine.killAll();
      sandbox.beginRun();
      this.#setEnd(sandbox, seconds);
      for (const running of sandbox.processes.list()) running.thawDeadline();
      await sandbox.machine.thaw();
      return true;
    });
  }

  /** Wakes a sandbox that asked for it when traffic comes. */
  async wake(sandbox: Sandbox): Promise<void> {
    if (sandbox.state !== "paused" || !sandbox.spec.lifecycle.autoResume) return;
    await this.resume(sandbox, Math.max(AUTO_RESUME_MIN_S, sandbox.spec.timeoutS), true);
  }

  /** Ends it for good. @throws ApiError 404 when somebody else did */
  kill(sandbox: Sandbox): Promise<void> {
    return sandbox.exclusive(async () => {
      if (sandbox.state === "killed") throw missing(sandbox.id);
      sandbox.endRun("killed");
      this.#live.delete(sandbox.id);
      this.#gone.push(accountRow(sandbox));
      await sandbox.machine.close();
      this.#cleanup(sandbox.machine.tree);
    });
  }

  /** Runs `work` while no process of the sandbox moves; a running one goes on afterwards. */
  whileStill<T>(sandbox: Sandbox, work: (tree: string) => Promise<T>): Promise<T> {
    return sandbox.exclusive(async () => {
      if (sandbox.state === "killed") throw missing(sandbox.id);
      await sandbox.machine.freeze();
      try {
        return await work(sandbox.machine.tree);
      } finally {
        if (sandbox.state === "running") await sandbox.machine.thaw();
      }
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.all().map((sandbox) => this.kill(sandbox).catch(() => undefined)));
    await Promise.all(this.#cleanups);
  }

  /** @throws ApiError 400 */
  checkTimeout(seconds: number): void {
    if (seconds <= 0) throw new ApiError(400, "Timeout must be greater than 0");
    const { maxTimeoutS } = this.options;
    if (seconds <= maxTimeoutS) return;
    const hours = maxTimeoutS / 3600;
    const limit = Number.isInteger(hours) ? `${hours} hours` : `${maxTimeoutS} seconds`;
    throw new ApiError(400, `Timeout cannot be greater than ${limit}`);
  }

  #checkCapacity(team: string): void {
    const { maxRunning } = this.options;
    if (maxRunning === undefined) return;
    const running = this.all().filter(({ state, spec }) => state === "running" && spec.team === team).length;
    if (running + this.#starting < maxRunning) return;
    throw new ApiError(429, `you have reached the maximum number of concurrent E2B sandboxes (${maxRunning})`);
  }

  /** No single run is longer than the limit, whatever is asked for. */
  #setEnd(sandbox: Sandbox, seconds: number): void {
    const latest = sandbox.startedAtMs + this.options.maxTimeoutS * 1000;
    sandbox.endAt(Math.min(Date.now() + seconds * 1000, latest), () => void this.#onTimeout(sandbox));
  }

  async #onTimeout(sandbox: Sandbox): Promise<void> {
    const { onTimeout, pauseKeepsMemory } = sandbox.spec.lifecycle;
    try {
      await (onTimeout === "pause" ? this.pause(sandbox, pauseKeepsMemory) : this.kill(sandbox));
    } catch (error) {
      // An ApiError means that a client's own pause or kill came first.
      if (!(error instanceof ApiError)) this.options.log(`timeout of ${sandbox.id}: ${String(error)}`);
    }
  }

  #cleanup(tree: string): void {
    const done = removeTree(tree)
      .catch((error: unknown) => this.options.log(`could not remove ${tree}: ${String(error)}`))
      .finally(() => this.#cleanups.delete(done));
    this.#cleanups.add(done);
  }
}

/** The image's start command is a process of the sandbox like any other. */
async function startUp({ machine, spec, processes }: Sandbox): Promise<void> {
  const { image, envVars } = spec;
  const launched = await startCommand(machine, image, envVars);
  if (launched === undefined || image.startCmd === undefined) return;
  const config = { ...bashCommand(image.startCmd), envs: {} };
  processes.add(new RunningProcess(launched, config, undefined, "stdin"));
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

function missing(id: string): ApiError {
  return new ApiError(404, `Sandbox "${id}" doesn't exist or you don't have access to it`);
}
