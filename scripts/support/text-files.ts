import { readFile } from "node:fs/promises";

/** A Vite plugin that imports shell, Perl and Markdown files as text, as the Worker's bundle does. */
export const textFiles = {
  name: "text-files",
  enforce: "pre",
  async load(id: string) {
    const [file = ""] = id.split("?");
    return /\.(?:sh|pl|md)$/.test(file) ? `export default ${JSON.stringify(await readFile(file, "utf8"))};` : undefined;
  },
} as const;
