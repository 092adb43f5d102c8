import { build } from "esbuild";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { replaceFile } from "./replace-file.ts";
import { ROOT } from "./tools.ts";

const SOURCE = join(ROOT, "src", "dashboard");
const BUILT = join(ROOT, "dist", "page");

/**
 * Builds the files of the dashboard and of the API's page, which the Worker contains as text
 * (src/http/routes/dashboard.ts). Takes some tens of milliseconds; several processes may do it at once.
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
  const htmlOf = async (source: string, name: string) => ({
    path: join(BUILT, name),
    text: await readFile(join(SOURCE, source), "utf8"),
  });
  const html = [await htmlOf("index.html", "index.html"), await htmlOf("reference/index.html", "docs.html")];
  // wrangler treats .txt and .html as text by default.
  const texts = outputFiles.map(({ path, text }) => ({ path: `${path}.txt`, text }));
  await Promise.all([...html, ...texts].map(({ path, text }) => replaceFile(path, text)));
}
