import { createHash, randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, readdir, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { dirname, extname, join } from "node:path";
import * as z from "zod/v4";
import { ROOT, runTool } from "./tools.ts";

/** Time to keep bundles of earlier sources after their last use: another process may be about to start one. */
const KEEP_UNUSED_MS = 60 * 60 * 1000;
const DIST = join(ROOT, "dist");
const MANIFEST = "manifest.json";
/** Files besides src on which a bundle depends: the Worker imports its version from package.json. */
const SETTINGS = [
  "package.json",
  "package-lock.json",
  "tsconfig.json",
  "wrangler.toml",
  "scripts/support/page.ts",
  "scripts/support/bundle.ts",
];

const manifestSchema = z.object({
  compatibilityDate: z.string(),
  compatibilityFlags: z.array(z.string()),
  /** Text variables of wrangler.toml. */
  vars: z.record(z.string(), z.string()),
  durableObjectBindings: z.array(z.object({ name: z.string(), className: z.string() })),
  durableObjectClasses: z.array(z.object({ name: z.string(), sqlite: z.boolean() })),
  workflows: z.array(z.object({ name: z.string(), binding: z.string(), className: z.string() })),
  /** Files of the bundle, the main module first. */
  modules: z.array(z.object({ name: z.string(), kind: z.enum(["esModule", "text", "data", "wasm"]) })),
});
type Manifest = z.infer<typeof manifestSchema>;

const wranglerConfigSchema = z.object({
  compatibility_date: z.string(),
  compatibility_flags: z.array(z.string()),
  vars: z.record(z.string(), z.string()),
  durable_objects: z.object({ bindings: z.array(z.object({ name: z.string(), class_name: z.string() })) }),
  workflows: z.array(z.object({ name: z.string(), binding: z.string(), class_name: z.string() })),
  exports: z.record(z.string(), z.object({ type: z.string(), storage: z.string().optional() })),
});

export interface Bundle extends Manifest {
  readonly folder: string;
}

/**
 * Bundles the Worker as `wrangler deploy` would, once for each state of its sources; later calls, from any process,
 * find the bundle in dist/. Rejects with wrangler's output if the sources cannot be bundled.
 * @param entry a main module that replaces wrangler.toml's, named index.ts, relative to the checkout
 * @param signal stops the build
 */
export async function bundleWorker(entry?: string, signal?: AbortSignal): Promise<Bundle> {
  const folder = join(DIST, `worker-${await sourcesKey(entry)}`);
  if (!existsSync(folder)) await build(folder, entry, signal);
  const now = new Date();
  await utimes(folder, now, now);
  return { folder, ...manifestSchema.parse(JSON.parse(await readFile(join(folder, MANIFEST), "utf8"))) };
}

/** Returns a hash of the files on which the bundle depends. */
async function sourcesKey(entry?: string): Promise<string> {
  const folders = ["src", ...(entry === undefined ? [] : [dirname(entry)])];
  const listings = folders.map((folder) => readdir(join(ROOT, folder), { recursive: true, withFileTypes: true }));
  const sources = (await Promise.all(listings)).flat();
  const files = sources.filter((source) => source.isFile()).map((source) => join(source.parentPath, source.name));
  const hash = createHash("sha256");
  for (const file of [...files.sort(), ...SETTINGS.map((name) => join(ROOT, name))]) {
    hash.update(`${file}\0`).update(
      createHash("sha256")
        .update(await readFile(file))
        .digest(),
    );
  }
  return hash.digest("hex").slice(0, 16);
}

async function build(folder: string, entry?: string, signal?: AbortSignal): Promise<void> {
  const building = join(DIST, `building-${randomUUID()}`);
  await mkdir(building, { recursive: true });
  try {
    const [settings, { ok, output }] = await Promise.all([
      readSettings(),
      runTool(
        "wrangler",
        ["deploy", ...(entry === undefined ? [] : [entry]), "--dry-run", "--outdir", building],
        signal,
      ),
    ]);
    if (!ok) throw new Error(`the Worker does not bundle:\n${output.trim()}`);
    const manifest: Manifest = { ...settings, modules: await listModules(building) };
    await writeFile(join(building, MANIFEST), JSON.stringify(manifest, null, 2));
    await rename(building, folder).catch((error: unknown) => {
      // Another process with the same sources was faster.
      if (!existsSync(join(folder, MANIFEST))) throw error;
    });
    await removeUnused();
  } finally {
    await rm(building, { recursive: true, force: true });
  }
}

/** Returns the settings of wrangler.toml that the runtime needs, as wrangler itself reads them. */
async function readSettings(): Promise<Omit<Manifest, "modules">> {
  // Loading wrangler takes over a second, so only a build loads it.
  const { unstable_readConfig: readConfig } = await import("wrangler");
  const config = wranglerConfigSchema.parse(readConfig({ config: join(ROOT, "wrangler.toml") }));
  return {
    compatibilityDate: config.compatibility_date,
    compatibilityFlags: config.compatibility_flags,
    vars: config.vars,
    durableObjectBindings: config.durable_objects.bindings.map(({ name, class_name: className }) => ({
      name,
      className,
    })),
    durableObjectClasses: Object.entries(config.exports)
      .filter(([, { type }]) => type === "durable-object")
      .map(([name, { storage }]) => ({ name, sqlite: storage === "sqlite" })),
    workflows: config.workflows.map(({ name, binding, class_name: className }) => ({ name, binding, className })),
  };
}

/** Kinds of module by file name, for the extensions that wrangler handles by default. */
const MODULE_KINDS: Readonly<Record<string, Manifest["modules"][number]["kind"]>> = {
  ".js": "esModule",
  ".mjs": "esModule",
  ".txt": "text",
  ".html": "text",
  ".sql": "text",
  ".bin": "data",
  ".wasm": "wasm",
};

async function listModules(folder: string): Promise<Manifest["modules"]> {
  const names = await readdir(folder);
  const modules = names.flatMap((name) => {
    const kind = MODULE_KINDS[extname(name)];
    return kind ? [{ name, kind }] : [];
  });
  return modules.sort((a, b) => Number(b.name === "index.js") - Number(a.name === "index.js"));
}

async function removeUnused(): Promise<void> {
  for (const name of await readdir(DIST)) {
    const folder = join(DIST, name);
    // Undefined: another process has just renamed or removed it.
    const entry = await stat(folder).catch(() => undefined);
    if (entry && /^(worker|building)-/.test(name) && Date.now() - entry.mtimeMs > KEEP_UNUSED_MS) {
      await rm(folder, { recursive: true, force: true });
    }
  }
}
