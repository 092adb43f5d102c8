import { randomBytes } from "node:crypto";
import { ApiError } from "../http/reply.ts";
import type { Enforcement } from "../egress/enforcement.ts";
import type { Disk, Disks, Layers } from "../machine/disks.ts";
import type { Machine } from "../machine/machine.ts";
import { capture } from "./capture.ts";
import type { MetadataStore } from "./file-metadata.ts";
import type { Limits } from "./limits.ts";
import { randomId } from "./names.ts";
import { missing, requireRunning, SandboxRegistry } from "./registry.ts";
import type { NetworkConfig } from "./network-config.ts";
import { Sandbox, type SandboxSpec } from "./sandbox.ts";
import { startUp } from "./start-command.ts";
import { SAMPLE_INTERVAL_MS } from "./usage.ts";

interface StoreOptions {
  readonly disks: Disks;
  readonly limits: Limits;
  readonly metadata: MetadataStore;
  readonly enforcement: Enforcement;
  readonly log: (line: string) => void;
}

/** Shortest timeout of a resume by traffic, as in E2B. */
const AUTO_RESUME_MIN_S = 300;

/** Changes the state of sandboxes: running, paused, killed. */
export class SandboxStore extends SandboxRegistry {
  readonly limits: Limits;
  readonly disks: Disks;
  readonly #metadata: MetadataStore;
  readonly #enforcement: Enforcement;
  readonly #log: (line: string) => void;
  readonly #unfinished = new Set<Promise<unknown>>();
  readonly #sampler: NodeJS.Timeout;
  #starting = 0;
  #closing = false;

  constructor({ disks, limits, metadata, enforcement, log }: StoreOptions) {
    super();
    this.limits = limits;
    this.disks = disks;
    this.#metadata = metadata;
    this.#enforcement = enforcement;
    this.#log = log;
    this.#sampler = setInterval(() => this.#sample(), SAMPLE_INTERVAL_MS).unref();
  }

  /** @param from replaces the image's files @throws ApiError 400, 403, 429, 501 or 503 */
  async create(spec: SandboxSpec, from = spec.image.layers): Promise<Sandbox> {
    this.limits.checkTimeout(spec.timeoutS);
    this.limits.checkRunning(this.runningOf(spec.team) + this.#starting);
    if (this.#closing) throw new ApiError(503, "the local host is shutting down");
    this.#starting++;
    const made = this.#make(spec, from);
    this.#unfinished.add(made);
    try {
      const sandbox = await made;
      this.add(sandbox);
      this.#setEnd(sandbox, spec.timeoutS, sandbox.startedAtMs);
      return sandbox;
    } finally {
      this.#starting--;
      this.#unfinished.delete(made);
    }
  }

  /** Sets the timeout from now, which may shorten it. Zero or less expires at once, as in E2B. @throws ApiError 404 */
  setTimeout(sandbox: Sandbox, seconds: number): void {
    requireRunning(sandbox);
    this.#setEnd(sandbox, Math.max(0, seconds));
  }

  /** Sets the timeout from now, unless that shortens it. @throws ApiError 404 */
  extend(sandbox: Sandbox, seconds: number): void {
    requireRunning(sandbox);
    if (Date.now() + seconds * 1000 > sandbox.endAtMs) this.#setEnd(sandbox, seconds);
  }

  /** @throws ApiError 409 if it is already paused, 404 if it is killed */
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

  /** Resumes a paused sandbox with this timeout, or extends a running one's. @returns true if it was paused */
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
      this.#setEnd(sandbox, seconds, sandbox.startedAtMs);
      return true;
    });
  }

  /** Whether the sandbox is paused and traffic wakes it. */
  isWoken(sandbox: Sandbox): boolean {
    return sandbox.state === "paused" && sandbox.spec.lifecycle.autoResume;
  }

  /** Wakes a sandbox by traffic. @throws ApiError */
  async wake(sandbox: Sandbox): Promise<void> {
    await this.resume(sandbox, Math.max(AUTO_RESUME_MIN_S, sandbox.spec.timeoutS), true);
  }

  /** Kills a sandbox. @throws ApiError 404 if it is already killed */
  kill(sandbox: Sandbox): Promise<void> {
    return sandbox.exclusive(async () => {
      if (sandbox.state === "killed") throw missing(sandbox.id);
      sandbox.endRun("killed");
      this.bury(sandbox);
      await sandbox.machine.close();
      this.#cleanup(sandbox.machine.disk);
    });
  }

  /** Kills a sandbox of any team, without a client's request. @throws ApiError 404 */
  async vanish(id: string): Promise<void> {
    const sandbox = this.get(id);
    if (sandbox === undefined) throw missing(id);
    await this.kill(sandbox);
  }

  /** Replaces the egress rules. @throws ApiError 400, 403, 404 or 501 */
  setEgress(sandbox: Sandbox, egress: NetworkConfig, internet: boolean | undefined): Promise<void> {
    return sandbox.exclusive(async () => {
      requireRunning(sandbox);
      await this.#enforcement.change(sandbox, egress, internet);
    });
  }

  /** Captures a running sandbox's current files. The caller must release the layers. @throws ApiError 404 */
  capture(sandbox: Sandbox): Promise<Layers> {
    return sandbox.exclusive(() => {
      requireRunning(sandbox);
      return sandbox.hold(() => capture(this.disks, sandbox));
    });
  }

  /** Kills every sandbox, including those in creation, and waits until their files are removed. */
  async close(): Promise<void> {
    this.#closing = true;
    clearInterval(this.#sampler);
    await Promise.allSettled(this.#unfinished);
    await Promise.allSettled(this.all().map((sandbox) => this.kill(sandbox)));
    await Promise.allSettled(this.#unfinished);
  }

  async #make(spec: SandboxSpec, from: Layers): Promise<Sandbox> {
    const id = `i${randomId(20)}`;
    const egress = this.#enforcement.wayOut(spec);
    const disk = await this.disks.on(from);
    let machine: Machine | undefined;
    try {
      machine = await this.#enforcement.open(id, disk, egress);
      const sandbox = new Sandbox(id, randomBytes(16).toString("hex"), spec, machine, this.#metadata);
      sandbox.egress = egress;
      await startUp(sandbox);
      // The run, and with it the timeout, begins when the sandbox is usable.
      sandbox.beginRun();
      return sandbox;
    } catch (error) {
      await machine?.close();
      await this.disks.discard(disk);
      throw error;
    }
  }

  /** @param fromMs the start of a new run, which then lasts exactly the requested time */
  #setEnd(sandbox: Sandbox, seconds: number, fromMs = Date.now()): void {
    const end = this.limits.endOfRun(sandbox.startedAtMs, fromMs + seconds * 1000);
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

  #cleanup(disk: Disk): void {
    const done = this.disks
      .discard(disk)
      .catch((error: unknown) => this.#log(`could not remove ${disk.top}: ${String(error)}`))
      .finally(() => this.#unfinished.delete(done));
    this.#unfinished.add(done);
  }
}
