import { build } from "esbuild";
import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ROOT } from "./tools.ts";

const SOURCE = join(ROOT, "src", "dashboard");
const BUILT = join(ROOT, "dist", "page");

/**
 * Builds the files of the dashboard and of the API's page, which the Worker has in itself as text (src/http/routes/dashboard.ts). Takes some tens of milliseconds;
 * several processes may do it at once.
 */
export async function buildPage(): Promise<void> {
  const { outputFiles } = await build({
    entryPoints: { page: join(SOURCE, "main.tsx"), docs: join(SOURCE, "reference", "main.tsx") },
    absWorkingDir: ROOT,
    outdir: BUILT,
    write: false,
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    jsx: "automatic",
    jsxImportSource: "preact",
    legalComments: "eof",
    logLevel: "warning",
  });
  await mkdir(BUILT, { recursive: true });
  const htmlOf = async (source: string, name: string) => ({
    path: join(BUILT, name),
    text: await readFile(join(SOURCE, source), "utf8"),
  });
  const html = [await htmlOf("index.html", "index.html"), await htmlOf("reference/index.html", "docs.html")];
  // wrangler takes .txt and .html for text without being told.
  const texts = outputFiles.map(({ path, text }) => ({ path: `${path}.txt`, text }));
  await Promise.all([...html, ...texts].map(({ path, text }) => replace(path, text)));
}

/** A reader finds the old file or the new one, never a part. What did not change stays, so that nobody builds for it. */
async function replace(path: string, text: string): Promise<void> {
  const before = await readFile(path, "utf8").catch(() => undefined);
  if (before === text) return;
  const beside = `${path}.${randomUUID()}`;
  await writeFile(beside, text);
  await rename(beside, path);
}
