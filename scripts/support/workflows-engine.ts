import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/**
 * Cloudflare's engine of Workflows for local use, as workerd modules. Miniflare has it and exports no path to it. The
 * Miniflare is wrangler's own, so the engine fits the workerd that runs it.
 */
const { resolve } = createRequire(createRequire(import.meta.url).resolve("wrangler/package.json"));
/** Folder from which a configuration embeds the modules. */
export const WORKFLOWS_FOLDER: string = join(dirname(resolve("miniflare")), "workers");
/** The engine: a Durable Object for each instance, and the service that a binding talks to. */
export const WORKFLOWS_ENGINE = "/workflows/binding.worker.js";
/** Modules that it and the Worker import: the second makes of that service the object that a Worker has as its binding. */
export const WORKFLOW_MODULES = [
  { name: "miniflare:zod", path: "/shared/zod.worker.js", internal: false },
  { name: "workflow-binding", path: "/workflows/wrapped-binding.worker.js", internal: true },
] as const;
