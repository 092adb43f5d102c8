import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Isolation, Machine } from "../machine/machine.ts";
import { copyTree, makeTree, removeTree } from "../machine/tree.ts";
import { type BuildContext, runStep, type Step } from "./build-steps.ts";
import { BASE_IMAGE, type Image } from "./image.ts";
import { startCommand } from "./start-command.ts";
import type { Build, Template } from "./template.ts";
import type { TemplateStore } from "./templates.ts";
import type { Uploads } from "./uploads.ts";

export interface BuildRequest {
  /** Undefined for the base image. */
  readonly from: Image | undefined;
  /** A container image that was asked for and cannot be had here. */
  readonly ignoredImage: string | undefined;
  readonly steps: readonly Step[];
  readonly startCmd: string | undefined;
  readonly readyCmd: string | undefined;
}

/** Where E2B's builds start, and its sandboxes, unless steps say otherwise. */
const DEFAULT_WORKDIR = "/home/user";

/** Builds templates: runs their steps in a machine of its own, whose tree sandboxes then start from. */
export class Builder {
  readonly #root: string;
  readonly #isolation: Isolation;
  readonly #templates: TemplateStore;
  readonly #uploads: Uploads;
  readonly #running = new Map<Machine, Promise<void>>();

  constructor(root: string, isolation: Isolation, templates: TemplateStore, uploads: Uploads) {
    this.#root = root;
    this.#isolation = isolation;
    this.#templates = templates;
    this.#uploads = uploads;
  }

  /** Runs a build to its end; how it ended is in the build. */
  async build(template: Template, build: Build, request: BuildRequest): Promise<void> {
    build.settle({ status: "building" });
    const tree = join(this.#root, "templates", build.id);
    try {
      const { from = BASE_IMAGE } = request;
      await (from.tree === undefined ? makeTree(tree, this.#isolation.owner) : copyTree(from.tree, tree));
      const machine = await this.#isolation.open(build.id, tree);
      const image = await this.#run(machine, { ...from, templateId: template.id, alias: template.name, tree }, template, build, request);
      build.settle({ status: "ready", image });
      this.#templates.assign(template, build, build.tags);
    } catch (error) {
      await removeTree(tree);
      build.log("error", message(error));
      build.settle({ status: "error", reason: error instanceof StepError ? { message: error.message, step: error.step } : { message: message(error) } });
    }
  }

  /** Breaks off what is being built. */
  async close(): Promise<void> {
    await Promise.all([...this.#running].map(([machine, done]) => machine.close().then(() => done)));
  }
}
