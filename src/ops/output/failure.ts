import { REFUSED_BY_BROKER } from "../../broker/rules.ts";
import { type BrokenRule, ERROR_KINDS, type ErrorCode, WarmtreeError, type Work } from "../../errors.ts";
import type { Parsed, ScriptOutput } from "./script-output.ts";
import { UNREACHABLE } from "../scripts/shared.ts";
import { MAX_GIT_CPU_S } from "../scripts/shared.ts";
import { MAX_GIT_MEMORY_MIB } from "../scripts/shared.ts";
import { sectionRecords } from "./sections.ts";

/**
 * Section that `fail` (scripts/lib/fail.sh) prints: code, subject, commit that was made, state of the tree, wait that
 * the host requests, and whether the remote has the push.
 */
export const FAILURE_SECTION = 0;

/**
 * Classes of git's stderr; the first match wins. The texts are git's own and the same from 2.39 to 2.55; hosts add
 * lines that begin with "remote:". Policy refusals come before authentication, because both may contain 403.
 */
const STDERR_CLASSES: readonly (readonly [RegExp, ErrorCode])[] = [
  // The last two are a shell's messages for a child that the kernel ended.
  [/Out of memory|Cannot allocate memory|Memory exhausted|\bKilled\b|CPU time limit exceeded/, "too_expensive"],
  [/warmtree: cannot sign: /, "not_signed"],
  [/warmtree: will not sign: /, "rule_broken"],
  [/No space left on device|unable to write file|pack exceeds maximum/, "disk_full"],
  [
    /protected branch|declined|deny updating|deletion prohibited|rule violations|GH0\d\d|not allowed to push|shallow update not allowed/,
    "push_rejected",
  ],
  [
    /could not read Username|Authentication failed|returned error: 40[13]|HTTP 40[13]|Permission to .* denied|Access denied|Write access .* not granted/s,
    "git_auth_failed",
  ],
  [/repository '.*' not found|Repository not found|returned error: 404|HTTP 404/s, "repository_not_found"],
  [
    /Remote branch .* not found|couldn't find remote ref|not our ref|unknown revision|bad revision|invalid reference|Not a valid object name|Needed a single revision/s,
    "ref_not_found",
  ],
  [/returned error: 413|HTTP 413/, "payload_too_large"],
  [/is beyond a symbolic link|ignored by one of your|is in submodule|invalid path '/, "invalid_input"],
  [/did not match any file|does not exist in|exists on disk, but not in/, "path_not_found"],
  [/would be overwritten|local changes|not uptodate|Cannot merge|cannot switch branch/i, "dirty_tree"],
  [/not a git repository/, "not_cloned"],
  [/transport '.*' not allowed|returned error: 30\d|unable to update url base from redirection/, "host_not_allowed"],
  [new RegExp(UNREACHABLE), "git_unreachable"],
];

/** Text for the caller; `subject` is the branch, path or file concerned. */
const DETAILS: Partial<Record<ErrorCode, (subject: string) => string>> = {
  invalid_input: (said) => `git does not accept this file: ${said}`,
  too_expensive: () =>
    `git was ended, because it needed more than the limits of one command: ${MAX_GIT_MEMORY_MIB} MiB and ${MAX_GIT_CPU_S} s of processor time. Ask for less: one folder, a simpler pattern, smaller files.`,
  not_cloned: () => "The workspace has no working tree yet. Call clone again; it answers the same sandbox_id.",
  workspace_busy: () =>
    "Another operation is changing this workspace and did not end in time. Nothing was done. Try again.",
  git_auth_failed: () =>
    "The git host refused the credential. Send a token with the needed permission in X-Git-Token, or ask the operator.",
  repository_not_found: () => "The git host has no such repository, or the credential has no access to it.",
  ref_not_found: (subject) =>
    `There is no branch, tag or commit${subject && ` '${subject}'`}. Use branch to list the branches.`,
  path_not_found: (subject) => `There is no path${subject && ` '${subject}'`} here. Use read on a folder to list it.`,
  dirty_tree: (subject) =>
    `Uncommitted changes${subject && ` in ${subject}`} would be overwritten. Push or restore them, then call again.`,
  git_unreachable: () =>
    "The git host could not be reached, closed the connection or was overloaded, also on retries. Call again later.",
  timeout: () => "The operation's time was nearly over, so the push was not tried. Call again; no commit is doubled.",
  host_not_allowed: () =>
    "The address redirects to another host, or uses a protocol that is not allowed. Use the repository's own https address.",
  disk_full: () =>
    "The disk of the sandbox is full. Delete files that you created and do not need (edit with delete, restore with paths), and push commits (push without new changes). " +
    "For a smaller clone, push everything, end this workspace, and clone with shallow or sparse. Until then it keeps your work.",
  ref_not_allowed: (words) =>
    `The push is not allowed: ${words}. Nothing was pushed, and commits are kept in the workspace.`,
  not_signed: (words) => `The commit could not be signed: ${words}. Nothing was pushed. Call again.`,
  payload_too_large: () =>
    "The push is larger than one request may be (100 MB with the broker, or the git host's own limit). Nothing was pushed. Push fewer commits at a time, and no large files.",
  push_rejected: (subject) =>
    `The git host's rules refused the push${subject && `: ${subject}`}. Push to another branch with 'to'.`,
  patch_failed: (subject) => `The patch does not apply${subject && `: ${subject}`}. Nothing was changed.`,
};

/** Exit code for a script that a signal ended, as the sandbox reports it. */
const ENDED_BY_SIGNAL = -1;
const ENDED: Told = {
  code: "sandbox_unavailable",
  detail:
    "The sandbox's system ended the operation early, most likely because memory ran out. Calling again is safe. If it ends the same way, ask for less.",
};
/** SIGKILL and SIGXCPU of git, as a shell reports them. */
const GIT_ENDED: ReadonlySet<number> = new Set([128 + 9, 128 + 24]);

const NEEDS_REMOTE = "This clone is partial, and the needed objects are only at the git host.";

const PAUSING = "The workspace was being paused. Nothing was done. Try again.";

/** Reason of `unknown_ref` (scripts/lib/commit-of.sh). */
const AMBIGUOUS: Reasons[string] = (name) => ({
  code: "invalid_input",
  detail: `'${name}' is ambiguous. Use a full name: 'refs/heads/${name}' is the branch, 'refs/tags/${name}' the tag, 'refs/remotes/${name}' the fetched branch.`,
});

/** Reason of `refuse_unsigned` (scripts/lib/signing.sh). */
const UNSIGNED: Reasons[string] = (commit) => {
  const detail = `The commit ${commit} is not signed: it was made before this service signed commits, or beside it. restore {to: "origin/<base branch>", keep: true} takes it back and keeps its changes; then push {message} makes a signed one.`;
  return { code: "rule_broken", detail: `${detail} Nothing was pushed.`, rules: [{ rule: "signed", commit, detail }] };
};

const isErrorCode = (text: string): text is ErrorCode => Object.hasOwn(ERROR_KINDS, text);

/** Classifies the stderr of a failed git command; `line` is the line that decides. */
function classifyStderr(stderr: string): { code: ErrorCode; line: string } {
  for (const [pattern, code] of STDERR_CLASSES) {
    const line = stderr.split("\n").find((text) => pattern.test(text));
    if (line !== undefined) return { code, line };
  }
  // Skips the progress of successful steps, and a shell's messages about its own lines.
  const line = stderr.split(/[\r\n]+/).findLast((text) => /^(?:fatal|error): /.test(text));
  return { code: "git_failed", line: line ?? "" };
}

export type Failed = Parsed<never> & { ok: false };

interface Told {
  readonly code: ErrorCode;
  readonly detail: string;
  readonly field?: string;
  readonly rules?: readonly BrokenRule[];
}

/** Texts for an operation's own reasons of `fail`. */
export type Reasons = Readonly<Record<string, (subject: string) => Told>>;

/** Reason of `speaks_git` (scripts/lib/net.sh). */
export const NOT_GIT: Reasons[string] = () => ({
  code: "repository_not_found",
  detail: "The git host's answer was not a git repository; perhaps it was a web page. Check the address.",
});

function explain(code: ErrorCode, subject: string): Told {
  const words = DETAILS[code];
  return { code, detail: words ? words(subject) : `${ERROR_KINDS[code].title}${subject && `: ${subject}`}.` };
}

function fromStderr(stderr: string, subject: string): Told {
  const { code, line } = classifyStderr(stderr);
  const [, unsigned] = line.split(/warmtree: (?:cannot|will not) sign: /);
  if (code === "not_signed" && unsigned !== undefined) return explain(code, unsigned);
  if (code === "rule_broken" && unsigned !== undefined) {
    const detail = `This service does not sign the commit: ${unsigned}.`;
    return { code, detail, rules: [{ rule: "signed", detail }] };
  }
  return explain(code, code === "git_failed" || code === "invalid_input" ? line : subject);
}

/** Returns the failure that a script reported or ended with; undefined if it succeeded. */
export function failureOf(result: ScriptOutput, ownReasons: Reasons = {}): Failed | undefined {
  const reasons: Reasons = { ref_ambiguous: AMBIGUOUS, unsigned: UNSIGNED, ...ownReasons };
  if (result.sections.has(FAILURE_SECTION)) {
    const [reason = "", subject = "", committed = "", tree = "", asked = "", pushed = ""] = sectionRecords(
      result.sections,
      FAILURE_SECTION,
    );
    if (reason === "needs_remote") {
      return { ok: false, error: new WarmtreeError("git_unreachable", NEEDS_REMOTE), needsRemote: true };
    }
    if (reason === "pausing") {
      return { ok: false, error: new WarmtreeError("workspace_busy", PAUSING), pausing: true };
    }
    const own = Object.hasOwn(reasons, reason) ? reasons[reason] : undefined;
    const told: Told = subject.startsWith(REFUSED_BY_BROKER)
      ? explain("ref_not_allowed", subject.slice(REFUSED_BY_BROKER.length))
      : reason === "git"
        ? fromStderr(result.stderr, subject)
        : (own?.(subject) ?? explain(isErrorCode(reason) ? reason : "internal", subject));
    const work: Work = {
      ...(committed ? { committed } : {}),
      // A host that closed the connection may still have accepted the push.
      pushed: (told.code === "git_unreachable" || told.code === "timeout") && pushed === "unknown" ? "unknown" : false,
      tree: tree === "changed" || tree === "merging" ? tree : "unchanged",
    };
    const field = told.field === undefined ? {} : { field: told.field };
    const rules = told.rules === undefined ? {} : { rules: told.rules };
    const retryAfter = told.code === "git_unreachable" && asked ? { retryAfterS: Number(asked) } : {};
    return { ok: false, error: new WarmtreeError(told.code, told.detail, { work, ...field, ...rules, ...retryAfter }) };
  }
  if (result.exitCode === 0) return undefined;
  const told = toldByExit(result);
  return { ok: false, error: new WarmtreeError(told.code, told.detail) };
}

/** Returns the failure of a script that ended without a report. */
function toldByExit({ exitCode, stderr }: ScriptOutput): Told {
  if (exitCode === ENDED_BY_SIGNAL) return ENDED;
  return GIT_ENDED.has(exitCode) ? explain("too_expensive", "") : fromStderr(stderr, "");
}
