import { join } from "node:path";
import type { Disk, Disks } from "../machine/disks.ts";
import type { Isolation, Machine } from "../machine/machine.ts";
import { emptyDirectory } from "../machine/tree.ts";
import { type BuildContext, runStep, type Step } from "./build-steps.ts";
import type { Image } from "./image.ts";
import { startCommand } from "./start-command.ts";
import type { Build, Template } from "./template.ts";
import type { Uploads } from "./uploads.ts";

export interface BuildRequest {
  readonly from: Image;
  /** Requested container image, which this host cannot provide. */
  readonly ignoredImage: string | undefined;
  readonly steps: readonly Step[];
  readonly startCmd: string | undefined;
  readonly readyCmd: string | undefined;
}

/** Default working directory of E2B's builds, and of sandboxes of their templates. */
const DEFAULT_WORKDIR = "/home/user";

/** Builds templates: runs the steps of each in a machine of its own, from whose tree sandboxes start. */
export class Builder {
  readonly #isolation: Isolation;
  readonly #disks: Disks;
  readonly #uploads: Uploads;
  readonly #running = new Map<Build, { readonly machine: Machine; readonly done: Promise<void> }>();

  constructor(isolation: Isolation, disks: Disks, uploads: Uploads) {
    this.#isolation = isolation;
    this.#disks = disks;
    this.#uploads = uploads;
  }

  /** Runs a build to its end and stores the outcome in it. Never throws. */
  async build(template: Template, build: Build, request: BuildRequest): Promise<void> {
    build.settle({ status: "building" });
    let disk: Disk | undefined;
    try {
      disk = await this.#disks.on(request.from.layers);
      const machine = await this.#isolation.open(build.id, disk);
      const work = this.#work(machine, template, build, request);
      this.#running.set(build, { machine, done: work.then(ignore, ignore) });
      const context = await work;
      const layers = await this.#disks.seal(disk);
      disk = undefined;
      if (!template.builds.has(build.id)) {
        await this.#disks.release(layers);
        throw new Error("the template, or the last tag of this build, was removed");
      }
      const { cpuCount, memoryMB } = build;
      const identity = { templateId: template.id, alias: template.name, layers, cpuCount, memoryMB };
      const { startCmd, readyCmd } = request;
      build.settle({ status: "ready", image: { ...identity, ...context, startCmd, readyCmd } });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const step = error instanceof StepError ? error.step : undefined;
      build.log("error", reason, step);
      build.settle({ status: "error", reason: step === undefined ? { message: reason } : { message: reason, step } });
      if (disk !== undefined) await this.#disks.discard(disk);
    } finally {
      this.#running.delete(build);
    }
  }

  /** Aborts the running builds. */
  async close(): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ machine, done }) => machine.close().then(() => done)));
  }

  async #work(machine: Machine, template: Template, build: Build, request: BuildRequest): Promise<BuildContext> {
    const { startCmd, readyCmd, ignoredImage } = request;
    if (ignoredImage !== undefined) build.log("warn", `no container images here: ${ignoredImage} becomes this machine`);
    try {
      const context = await this.#runSteps(machine, template, build, request);
      if (startCmd !== undefined) build.log("info", `start command: ${startCmd}`);
      await startCommand(machine, { ...context, startCmd, readyCmd }, {});
      await machine.killAll();
      await emptyDirectory(join(machine.tree, "tmp"));
      return context;
    } finally {
      await machine.close();
    }
  }

  async #runSteps(machine: Machine, template: Template, build: Build, request: BuildRequest): Promise<BuildContext> {
    const { from, steps } = request;
    const archive = (hash: string): string => this.#uploads.path(template.team, hash);
    let context: BuildContext = { env: from.env, user: from.user, workdir: from.workdir ?? DEFAULT_WORKDIR };
    for (const [index, step] of steps.entries()) {
      const number = String(index + 1);
      build.log("info", `[${number}/${steps.length}] ${step.type} ${step.args.join(" ")}`, number);
      const log = (line: string): void => build.log("info", line, number);
      try {
        context = await runStep({ machine, archive, log }, context, step);
      } catch (error) {
        throw new StepError(error instanceof Error ? error.message : String(error), number);
      }
    }
    return context;
  }
}

class StepError extends Error {
  override readonly name = "StepError";
  readonly step: string;

  constructor(text: string, step: string) {
    super(text);
    this.step = step;
  }
}

function ignore(): void {}
