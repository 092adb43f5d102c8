/** Lets Node import shell, Perl and Markdown files as text, and the version, as the bundle does; given to --import. */
import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";

const MANIFEST = new URL("../../package.json", import.meta.url).href;

registerHooks({
  load(url, context, nextLoad) {
    const isManifest = url === MANIFEST && context.importAttributes.type === undefined;
    if (!isManifest && !/\.(?:sh|pl|md)$/.test(url)) return nextLoad(url, context);
    const text = readFileSync(fileURLToPath(url), "utf8");
    const source = isManifest ? `export const { version } = ${text};` : `export default ${JSON.stringify(text)};`;
    return { format: "module", shortCircuit: true, source };
  },
});
