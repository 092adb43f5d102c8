import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/**
 * Cloudflare's engines of Workflows and R2 for local use, as workerd modules. Miniflare contains them and exports no
 * path to them. This Miniflare is wrangler's own, so the engines match the workerd that runs them.
 */
const { resolve } = createRequire(createRequire(import.meta.url).resolve("wrangler/package.json"));
/** Folder from which a configuration embeds the modules. */
export const WORKFLOWS_FOLDER: string = join(dirname(resolve("miniflare")), "workers");
/** The engine: a Durable Object for each instance, and the service that a binding calls. */
export const WORKFLOWS_ENGINE = "/workflows/binding.worker.js";
/** Cloudflare's local R2, as in Miniflare: a Durable Object for each bucket, and the service that leads to it. */
export const R2_BUCKET = "/r2/bucket.worker.js";
export const R2_ENTRY = "/shared/object-entry.worker.js";
/** Modules that these and the Worker import; the third makes a Worker's binding of the Workflows' service. */
export const WORKFLOW_MODULES = [
  { name: "miniflare:zod", path: "/shared/zod.worker.js", internal: false },
  { name: "miniflare:shared", path: "/shared/index.worker.js", internal: false },
  { name: "workflow-binding", path: "/workflows/wrapped-binding.worker.js", internal: true },
] as const;
