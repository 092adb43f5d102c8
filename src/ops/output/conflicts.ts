import { type ConflictHunk, WarmtreeError } from "../../errors.ts";
import type { Failed } from "./failure.ts";
import type { ScriptOutput } from "./script-output.ts";
import { sectionRecords, sectionText } from "./sections.ts";

const ENTRIES_SECTION = 3;
const FIRST_FILE_SECTION = 10;
/** Enough to resolve by hand; a branch with more conflicts needs another way than hunks. */
const MAX_HUNKS = 50;
const MAX_SIDE_CHARACTERS = 8_000;

/**
 * Suffix that git adds to a file in a folder's way, in a merge in memory: the id of its commit. Callers find no file of
 * that name.
 */
const STAND_IN = /~[0-9a-f]{40}(?:[0-9a-f]{24})?$/;

/** The side of merge-tree that is the workspace's own. */
export type OurSide = "first" | "second";

interface Stages {
  base: boolean;
  first: boolean;
  second: boolean;
}

/** Parses the output of scripts/lib/conflicts.sh: entries of unmerged paths, then the files with diff3 markers. */
function readConflicts(result: ScriptOutput, ours: OurSide): { conflicts: ConflictHunk[]; truncated: boolean } {
  const stagesByPath = new Map<string, Stages>();
  // The first record is the tree; each entry is `mode oid stage TAB path`.
  for (const entry of sectionRecords(result.sections, ENTRIES_SECTION).slice(1)) {
    const match = /^\d+ [0-9a-f]+ ([123])\t(.*)$/s.exec(entry);
    if (!match) continue;
    const [, stage, name = ""] = match;
    const path = name.replace(STAND_IN, "");
    const stages = stagesByPath.get(path) ?? { base: false, first: false, second: false };
    stages[stage === "1" ? "base" : stage === "2" ? "first" : "second"] = true;
    stagesByPath.set(path, stages);
  }
  const found: ConflictHunk[] = [];
  let number = FIRST_FILE_SECTION;
  for (const [path, stages] of stagesByPath) {
    const kind = kindOf(stages, ours);
    const hunks = readHunks(sectionText(result.sections, number++), ours);
    if (hunks.length === 0) found.push({ path, kind, line: 0, base: "", ours: "", theirs: "" });
    for (const hunk of hunks) found.push({ path, kind, ...hunk });
  }
  return { conflicts: found.slice(0, MAX_HUNKS), truncated: found.length > MAX_HUNKS };
}

/** Adds the conflicting hunks to a failure. */
export function withConflicts(failed: Failed, result: ScriptOutput, ours: OurSide): Failed {
  const { error } = failed;
  const { conflicts, truncated } = readConflicts(result, ours);
  const details = { ...error.details, conflicts, ...(truncated ? { truncated } : {}) };
  return { ok: false, error: new WarmtreeError(error.code, error.message, details) };
}

function kindOf(stages: Stages, ours: OurSide): ConflictHunk["kind"] {
  if (stages.first && stages.second) return stages.base ? "content" : "both_added";
  if (stages.first === stages.second) return "other";
  const remaining: OurSide = stages.first ? "first" : "second";
  return remaining === ours ? "deleted_by_them" : "deleted_by_us";
}

type Side = "first" | "base" | "second";

/** State changes at the markers of git's diff3 conflict style: marker, state before, state after. */
const AFTER_MARKER: readonly (readonly [RegExp, Side | "outside", Side | "outside"])[] = [
  [/^<{7}(?: |$)/, "outside", "first"],
  [/^\|{7}(?: |$)/, "first", "base"],
  [/^={7}$/, "base", "second"],
  [/^>{7}(?: |$)/, "second", "outside"],
];

function readHunks(text: string, ours: OurSide): Omit<ConflictHunk, "path" | "kind">[] {
  const hunks: Omit<ConflictHunk, "path" | "kind">[] = [];
  let state: Side | "outside" = "outside";
  let start = 0;
  let sides: Record<Side, string[]> = { first: [], base: [], second: [] };
  for (const [index, line] of text.split("\n").entries()) {
    const next = AFTER_MARKER.find(([marker, from]) => from === state && marker.test(line))?.[2];
    if (next === undefined) {
      if (state !== "outside") sides[state].push(line);
      continue;
    }
    if (next === "first") start = index + 1;
    if (next === "outside") {
      const side = (name: Side) => sides[name].join("\n").slice(0, MAX_SIDE_CHARACTERS);
      const theirs = ours === "first" ? "second" : "first";
      hunks.push({ line: start, base: side("base"), ours: side(ours), theirs: side(theirs) });
      sides = { first: [], base: [], second: [] };
    }
    state = next;
  }
  return hunks;
}
