import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { ApiError } from "../http/reply.ts";
import type { Isolation, Machine } from "../machine/machine.ts";
import { copyTree, makeTree, removeTree } from "../machine/tree.ts";
import type { Limits } from "./limits.ts";
import { randomId } from "./names.ts";
import { missing, requireRunning, SandboxRegistry } from "./registry.ts";
import { Sandbox, type SandboxSpec } from "./sandbox.ts";
import { startUp } from "./start-command.ts";
import { SAMPLE_INTERVAL_MS } from "./usage.ts";

interface StoreOptions {
  readonly root: string;
  readonly isolation: Isolation;
  readonly limits: Limits;
  readonly log: (line: string) => void;
}

/** E2B resumes on traffic for at least this long. */
const AUTO_RESUME_MIN_S = 300;

/** Every change of a sandbox's state: running, paused, killed. */
export class SandboxStore extends SandboxRegistry {
  readonly root: string;
  readonly limits: Limits;
  readonly #isolation: Isolation;
  readonly #log: (line: string) => void;
  readonly #unfinished = new Set<Promise<unknown>>();
  readonly #sampler: NodeJS.Timeout;
  #starting = 0;
  #closing = false;

  constructor({ root, isolation, limits, log }: StoreOptions) {
    super();
    this.root = root;
    this.limits = limits;
    this.#isolation = isolation;
    this.#log = log;
    this.#sampler = setInterval(() => this.#sample(), SAMPLE_INTERVAL_MS).unref();
  }

  /** @param from a directory to copy instead of the image's. @throws ApiError 400, 429 or 503 */
  async create(spec: SandboxSpec, from = spec.image.tree): Promise<Sandbox> {
    this.limits.checkTimeout(spec.timeoutS);
    this.limits.checkRunning(this.runningOf(spec.team) + this.#starting);
    if (this.#closing) throw new ApiError(503, "the local host is shutting down");
    this.#starting++;
    const made = this.#make(spec, from);
    this.#unfinished.add(made);
    try {
      const sandbox = await made;
      this.add(sandbox);
      this.#setEnd(sandbox, spec.timeoutS);
      return sandbox;
    } finally {
      this.#starting--;
      this.#unfinished.delete(made);
    }
  }

  /** Absolute timeout from now; may shorten. Zero or less ends the sandbox at once, as E2B does. @throws ApiError 404 */
  setTimeout(sandbox: Sandbox, seconds: number): void {
    requireRunning(sandbox);
    this.#setEnd(sandbox, Math.max(0, seconds));
  }

  /** Timeout that only ever moves the end away. @throws ApiError 404 */
  extend(sandbox: Sandbox, seconds: number): void {
    requireRunning(sandbox);
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

  /** Resumes a paused sandbox with this timeout; of a running one, only extends it. @returns true when it was paused */
  resume(sandbox: Sandbox, seconds: number, keepMemory: boolean): Promise<boolean> {
    this.limits.checkTimeout(seconds);
    return sandbox.exclusive(async () => {
      if (sandbox.state === "killed") throw missing(sandbox.id);
      if (sandbox.state === "running") {
        this.extend(sandbox, seconds);
        return false;
      }
      this.limits.checkRunning(this.runningOf(sandbox.spec.team) + this.#starting);
      if (!keepMemory) await sandbox.machine.killAll();
      await sandbox.machine.thaw();
      for (const running of sandbox.processes.list()) running.thawDeadline();
      sandbox.beginRun();
      this.#setEnd(sandbox, seconds);
      return true;
    });
  }

  /** Wakes a sandbox that asked for it when traffic comes. @throws ApiError */
  async wake(sandbox: Sandbox): Promise<void> {
    if (sandbox.state !== "paused" || !sandbox.spec.lifecycle.autoResume) return;
    await this.resume(sandbox, Math.max(AUTO_RESUME_MIN_S, sandbox.spec.timeoutS), true);
  }

  /** Ends it for good. @throws ApiError 404 when somebody else did */
  kill(sandbox: Sandbox): Promise<void> {
    return sandbox.exclusive(async () => {
      if (sandbox.state === "killed") throw missing(sandbox.id);
      sandbox.endRun("killed");
      this.bury(sandbox);
      await sandbox.machine.close();
      this.#cleanup(sandbox.machine.tree);
    });
  }

  /** Ends a sandbox of any team without its client's doing. @throws ApiError 404 */
  async vanish(id: string): Promise<void> {
    const sandbox = this.get(id);
    if (sandbox === undefined) throw missing(id);
    await this.kill(sandbox);
  }

  /** Runs `work` on the sandbox's tree while none of its processes moves. @throws ApiError 404 when it does not run */
  whileStill<T>(sandbox: Sandbox, work: (tree: string) => Promise<T>): Promise<T> {
    return sandbox.exclusive(async () => {
      requireRunning(sandbox);
      await sandbox.machine.freeze();
      try {
        return await work(sandbox.machine.tree);
      } finally {
        await sandbox.machine.thaw();
      }
    });
  }

  /** Kills every sandbox, those included that are just being made, and waits until nothing of them is left. */
  async close(): Promise<void> {
    this.#closing = true;
    clearInterval(this.#sampler);
    await Promise.allSettled(this.#unfinished);
    await Promise.allSettled(this.all().map((sandbox) => this.kill(sandbox)));
    await Promise.allSettled(this.#unfinished);
  }

  async #make(spec: SandboxSpec, from: string | undefined): Promise<Sandbox> {
    const id = `i${randomId(20)}`;
    const tree = join(this.root, "sandboxes", id);
    let machine: Machine | undefined;
    try {
      if (from === undefined) makeTree(tree, this.#isolation.owner);
      else await copyTree(from, tree);
      machine = await this.#isolation.open(id, tree);
      const sandbox = new Sandbox(id, randomBytes(16).toString("hex"), spec, machine);
      await startUp(sandbox);
      // The run, and with it the timeout, begins when the sandbox is usable.
      sandbox.beginRun();
      return sandbox;
    } catch (error) {
      await machine?.close();
      await removeTree(tree);
      throw error;
    }
  }

  #setEnd(sandbox: Sandbox, seconds: number): void {
    const end = this.limits.endOfRun(sandbox.startedAtMs, Date.now() + seconds * 1000);
    sandbox.endAt(end, () => void this.#onTimeout(sandbox));
  }

  async #onTimeout(sandbox: Sandbox): Promise<void> {
    const { onTimeout, pauseKeepsMemory } = sandbox.spec.lifecycle;
    try {
      await (onTimeout === "pause" ? this.pause(sandbox, pauseKeepsMemory) : this.kill(sandbox));
    } catch (error) {
      // An ApiError means that a client's own pause or kill came first.
      if (!(error instanceof ApiError)) this.#log(`timeout of ${sandbox.id}: ${String(error)}`);
    }
  }

  #sample(): void {
    for (const sandbox of this.all()) {
      if (sandbox.state === "running" && sandbox.usage.wanted) sandbox.usage.sample(sandbox);
    }
  }

  #cleanup(tree: string): void {
    const done = removeTree(tree)
      .catch((error: unknown) => this.#log(`could not remove ${tree}: ${String(error)}`))
      .finally(() => this.#unfinished.delete(done));
    this.#unfinished.add(done);
  }
}
