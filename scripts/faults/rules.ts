import type { ErrorCode, Work } from "../../src/errors.ts";

/** The effect on the work, as it comes over HTTP. */
export interface ToldWork extends Omit<Work, "committed"> {
  readonly committed?: string | undefined;
}

export const OPERATIONS = [
  "clone",
  "status",
  "diff",
  "read",
  "search",
  "log",
  "edit",
  "branch",
  "pull",
  "push",
  "restore",
] as const;
export type OperationName = (typeof OPERATIONS)[number];

/** `no answer`: the Worker ended before it answered. */
export type Code = ErrorCode | "ok" | "no answer";

export interface Told {
  readonly code: Code;
  readonly retryable: boolean;
  readonly retryAfterS?: number | undefined;
  readonly work?: ToldWork | undefined;
}

/** State of the caller's work, according to the workspace and the remote. */
export interface State {
  /** Whether the workspace says that it is lost, or clone says so of the workspace before. */
  readonly isToldLost: boolean;
  /** Whether the edit acknowledged before the fault can be read. */
  readonly hasEarlierEdit: boolean;
  /** How many of the two files that `edit` writes exist. */
  readonly edited: number;
  /** Whether every file of the clone is present and equal to its commit's. */
  readonly isWhole: boolean;
  /** Whether the branch has the remote's newest commit, as after a clone or a pull. */
  readonly isCurrent: boolean;
  /** Commits of the workspace that `push` made. */
  readonly commits: readonly string[];
  /** Those commits at the remote. */
  readonly pushed: readonly string[];
  /** Number of the caller's workspaces. */
  readonly workspaces: number;
}

/** An operation during a fault, and the same call after the fault. */
export interface Observed {
  readonly operation: OperationName;
  /** Errors that the fault explains. */
  readonly expected: readonly Code[];
  readonly first: Told;
  readonly between: State;
  readonly again: Told;
  readonly after: State;
}

const EDITED_FILES = 2;

/** Returns the rules that an observation breaks, each as a sentence; empty: all hold. Pure. */
export function brokenRules(observed: Observed): string[] {
  const broken = [...brokenByAnswer(observed), ...brokenByWork(observed)];
  for (const state of [observed.between, observed.after]) broken.push(...brokenByState(observed, state));
  const { operation, again, after } = observed;
  if (again.code === "ok" && operation === "edit" && after.edited !== EDITED_FILES) {
    broken.push("the edit that the second call acknowledged is not there");
  }
  if (again.code === "ok" && (operation === "clone" || operation === "pull") && !after.isCurrent) {
    broken.push("the second call went well, and did not bring the newest commit");
  }
  if (again.code === "ok" && operation === "push" && after.pushed.length === 0) {
    broken.push("the commit that the second call acknowledged is not at the remote");
  }
  return [...new Set(broken)];
}

function brokenByAnswer({ operation, expected, first, again }: Observed): string[] {
  const broken: string[] = [];
  const isError = first.code !== "ok" && first.code !== "no answer";
  if (first.code !== "ok" && !expected.includes(first.code)) broken.push(`the fault does not explain ${first.code}`);
  for (const { code, work } of [first, again]) {
    if (code !== "ok" && code !== "no answer" && work === undefined) broken.push(`${code} does not tell of the work`);
    if (work?.pushed === "unknown" && operation !== "push") broken.push("what pushes nothing says unknown");
  }
  const mayRepeat = first.code === "no answer" || (isError && first.retryable);
  if (mayRepeat && again.code !== "ok") broken.push(`the same call after the fault answers ${again.code}`);
  else if (again.code !== "ok" && again.code !== "workspace_gone") {
    broken.push(`the fault has ended, and the call answers ${again.code}`);
  }
  return broken;
}

/** Returns the rules broken by the reported effect on the work, which must be true. */
function brokenByWork({ operation, first: { code, work }, between, after }: Observed): string[] {
  const broken: string[] = [];
  if (code === "ok" && operation === "push" && between.pushed.length === 0 && !between.isToldLost) {
    broken.push("the commit that was acknowledged is not at the remote");
  }
  if (code === "ok" && operation === "edit" && between.edited !== EDITED_FILES && !between.isToldLost) {
    broken.push("the edit that was acknowledged is not there");
  }
  if (work === undefined) return broken;
  if (work.pushed === false && between.pushed.length > 0) broken.push("a commit told not pushed is at the remote");
  if (work.pushed === true && between.pushed.length === 0) broken.push("a commit told pushed is not at the remote");
  if (work.tree === "unchanged" && between.edited > 0) broken.push("the tree is told unchanged, and is edited");
  const { committed } = work;
  if (committed !== undefined && ![...after.commits, ...after.pushed].includes(committed)) {
    broken.push("the commit that was told made is nowhere");
  }
  return broken;
}

function brokenByState({ operation }: Observed, state: State): string[] {
  const broken: string[] = [];
  // restore discards the edit on purpose.
  if (operation !== "restore" && !state.hasEarlierEdit && !state.isToldLost) {
    broken.push("an acknowledged edit is lost, and nobody says so");
  }
  if (state.edited !== 0 && state.edited !== EDITED_FILES) broken.push("the tree is half edited");
  if (!state.isWhole) broken.push("the tree is not whole");
  if (state.pushed.length > 1 || state.commits.length > 1) broken.push("the commit is doubled");
  if (state.workspaces > 1) broken.push("the workspace is doubled");
  return broken;
}
