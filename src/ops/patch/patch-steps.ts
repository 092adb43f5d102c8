import type { Step } from "../payload.ts";
import type { FileChange, Hunk, Patch } from "./types.ts";

const utf8 = new TextEncoder();

/** Converts a patch to steps of the script. */
export function patchSteps(patch: Patch): Step[] {
  if (patch.kind === "binary") return [{ kind: "git", path: "", place: "patch", content: utf8.encode(patch.text) }];
  return patch.changes.map(stepOf);
}

function stepOf(change: FileChange): Step {
  const { line, hunks, mode } = change;
  const common = { place: `patch.${line}`, content: utf8.encode(hunks.map(written).join("")) };
  const more = mode === undefined ? common : { ...common, mode };
  if (change.kind === "create") return { ...more, ...named(change.to), kind: "create" };
  const from = { ...more, ...named(change.from) };
  if (change.kind === "update") return { ...from, kind: "hunks" };
  if (change.kind === "delete") return { ...from, kind: change.whole ? "delete" : "remove" };
  return { ...from, kind: change.kind, to: change.to.path };
}

const named = ({ path, other }: { readonly path: string; readonly other?: string }) =>
  other === undefined ? { path } : { path, other };

/** Writes a hunk: line of the patch, start, end of file, numbers of anchors and lines; then the anchors and lines. */
function written({ line, start, atEnd, anchors, body }: Hunk): string {
  const header = [line, start ?? "-", atEnd ? "end" : "-", anchors.length, body.length].join(" ");
  return [header, ...anchors, ...body].map((each) => `${each}\n`).join("");
}
