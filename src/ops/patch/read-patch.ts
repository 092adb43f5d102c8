import { BEGIN, readBeginPatch } from "./begin-patch.ts";
import type { Patch } from "./types.ts";
import { readUnified } from "./unified.ts";

/**
 * Reads a patch of git or of a model. Every line that adds or removes something is in the result, or the patch is
 * refused. A fence (```diff) needs no care: its lines cannot be in a hunk, and text between changes is skipped.
 * @throws PatchError
 */
export function readPatch(text: string): Patch {
  const all = text.replace(/\n$/, "").split("\n");
  // If the patch's own headers have CRLF, all its line ends were converted.
  const isCrlf = all.slice(0, -1).every((line) => line === "" || line.endsWith("\r"));
  const lines = isCrlf ? all.map((line) => line.replace(/\r$/, "")) : all;
  const begin = lines.findIndex((line) => line.trimEnd() === BEGIN);
  const patch = begin === -1 ? readUnified(lines) : readBeginPatch(lines, begin + 1);
  // git refuses a patch without its last line end as corrupt.
  return patch.kind === "binary" ? { ...patch, text: `${patch.text}\n` } : patch;
}
