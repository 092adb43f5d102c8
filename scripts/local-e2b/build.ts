/**
 * Makes dist, the content of the package: types, and JavaScript with zod in it, because Node runs no TypeScript below
 * node_modules.
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { build } from "esbuild";

const HERE = import.meta.dirname;
const DIST = join(HERE, "dist");
const { resolve } = createRequire(import.meta.url);

rmSync(DIST, { recursive: true, force: true });
await build({
  entryPoints: [join(HERE, "main.ts"), join(HERE, "host.ts")],
  outdir: DIST,
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node22.18",
  logLevel: "warning",
});
// The code reads it from its own folder.
copyFileSync(join(HERE, "machine", "sudo.sh"), join(DIST, "sudo.sh"));
copyFileSync(join(dirname(resolve("zod/package.json")), "LICENSE"), join(DIST, "zod.LICENSE"));

const compiler = join(dirname(resolve("typescript/package.json")), "bin", "tsc");
execFileSync(process.execPath, [compiler, "-p", "tsconfig.build.json"], { cwd: HERE, stdio: "inherit" });
