import * as z from "zod/v4";
import { WarmtreeError } from "../errors.ts";
import { withCause } from "./output/cause.ts";
import { pushedBy } from "./cut-short.ts";
import { COMMIT_REASONS } from "./output/commit-reasons.ts";
import { FAILURE_SECTION, type Failed, failureOf, type Reasons } from "./output/failure.ts";
import { IN_THE_WAY_REASONS } from "./output/in-the-way-reasons.ts";
import { branchName, MAX_FILES, sandboxId } from "./inputs.ts";
import { defineOperation } from "./operation.ts";
import type { ScriptOutput } from "./output/script-output.ts";
import { sectionRecords } from "./output/sections.ts";
import { brokenRule, RULE_REASONS, toldRules, withRules } from "./output/broken-rules.ts";
import { rulesEnvironment } from "./rules.ts";
import { remoteMessages } from "./output/remote-messages.ts";
import { pathsOrAll, treePath } from "./tree-path.ts";
import { assemble } from "./scripts/assemble.ts";
import pushScript from "./scripts/push.sh" with { type: "text" };

/** Below the 128 KiB that Linux allows for one argument. */
const MAX_MESSAGE_LENGTH = 16_000;

const SIDES = ["ours", "theirs", "base"] as const;

const input = z.strictObject({
  sandbox_id: sandboxId,
  message: z
    .string()
    .min(1)
    .max(MAX_MESSAGE_LENGTH)
    .refine((text) => text.trim() !== "" && !text.includes("\0"), "is empty")
    .optional()
    .describe("Commit message; required if there are changes to commit"),
  files: pathsOrAll(MAX_FILES).default([]).describe("Commit only these; default: every change"),
  to: branchName
    .optional()
    .describe("Remote branch; default: the current branch's name, unless it is the repository's default branch"),
  amend: z
    .boolean()
    .default(false)
    .describe(
      "Change the newest commit, or its message, instead of making one; only a commit that the remote never had",
    ),
  resolve: z
    .record(treePath, z.enum(SIDES))
    .default({})
    .describe("Side of each conflicting file of an open merge: ours is the workspace's, theirs the other branch's"),
  allow_secrets: z
    .array(treePath)
    .max(MAX_FILES)
    .default([])
    .describe("Files whose apparent secrets are not secrets, for example a key made for a test"),
});

const TREE = ["current", "kept"] as const;

const output = z.object({
  branch: z.string().nullable(),
  to: z.string(),
  commit: z.string().describe("Commit that the remote branch now has"),
  committed: z.boolean().describe("Whether this call made a commit"),
  pushed: z.boolean().describe("false: the remote had it already"),
  default_branch: z
    .string()
    .nullable()
    .optional()
    .describe("After the first push into an empty repository: its new default branch; null: none yet"),
  rebased: z.boolean().describe("The remote had moved; commits that it never had were rebased and have new ids"),
  merged: z.boolean().describe("The remote had moved; both sides were merged, and all commits keep their ids"),
  replaced: z.string().optional().describe("Former commit of the branch, which this workspace had taken back"),
  recreated: z.literal(true).optional().describe("Somebody had deleted the branch at the remote"),
  landed_in: z.string().optional().describe("Of a recreated branch: the branch that has its earlier change already"),
  tree: z
    .enum(TREE)
    .describe("kept: the tree was not updated because of uncommitted changes; pull after committing or restoring them"),
  ignored: z
    .array(z.string())
    .optional()
    .describe(
      "Edited files that a rule of .gitignore keeps out of commits; a push that names them in 'files' takes them",
    ),
  rules: z
    .array(brokenRule)
    .optional()
    .describe("What looks like a secret in the pushed commits, if the operator's rules only tell of it"),
  remote_messages: z.array(z.string()).optional().describe("Messages of the git host"),
});

const REASONS: Reasons = {
  ...COMMIT_REASONS,
  ...RULE_REASONS,
  ...IN_THE_WAY_REASONS,
  conflict: (to) => ({
    code: "conflict",
    detail: `The changes conflict with ${to}. Your commit is kept, and the tree is unchanged. pull {rebase: false, from: "${to}"} writes the conflicts into the files. Edit them, then push {to: "${to}"}.`,
  }),
  history_rewritten: (from) => ({
    code: "history_rewritten",
    detail: `Somebody removed commits from ${from} at the remote, and your work is based on them. Nothing was pushed. pull {from: "${from}"} leaves them out and puts your own commits on top of the remote branch.`,
  }),
  shallow_end: () => ({
    code: "history_rewritten",
    detail:
      "This clone is shallow, and somebody removed its oldest commit from the remote. Nothing was pushed. pull leaves it out and puts your own commits on top of the remote branch.",
  }),
  taken_up: (to) => ({
    code: "push_rejected",
    detail: `Somebody pushed to ${to} on top of the commits that you took back. Nothing was pushed. Continue from there with pull {from: "${to}"}, and revert the commits that you do not want.`,
  }),
};

function lostRace({ sections }: ScriptOutput): Failed | undefined {
  const [reason] = sectionRecords(sections, FAILURE_SECTION);
  const [to = "", sha = "", committed = "", from = ""] = sectionRecords(sections, 2);
  if (reason !== "race_lost") return undefined;
  const detail = `Other pushes to ${to} came first. Nothing was pushed. Try again.`;
  const work = { ...(committed ? { committed } : {}), pushed: false, tree: "unchanged" } as const;
  return { ok: false, error: new WarmtreeError("branch_busy", detail, { work }), lost: { to, sha, committed, from } };
}

export type Pushed = z.output<typeof output>;

export const push = defineOperation({
  name: "push",
  summary: "Commits changes and pushes them; if the remote moved, combines both sides and pushes again.",
  access: "remote",
  commits: true,
  pushes: true,
  shell: "/bin/bash",
  input,
  output,
  script: assemble(pushScript),
  plan(
    { message = "", to = "", files, amend, resolve, allow_secrets: allowed },
    { push: { turn = "", known = "", lost } = {}, policy },
  ) {
    const begun = lost ?? { to, sha: "", committed: "", from: "" };
    const { sha, committed, from } = begun;
    const sides = Object.entries(resolve).map(([path, side]) => `${side}:${path}`);
    return {
      env: {
        IN_MESSAGE: message,
        IN_TO: begun.to,
        IN_TURN: turn,
        IN_KNOWN: known,
        IN_SHA: sha,
        IN_COMMITTED: committed,
        IN_FROM: from,
        IN_AMEND: String(amend),
        IN_DEFAULT_BRANCH: policy.refs.default_branch,
        IN_RESOLVE: String(sides.length),
        IN_ALLOWED: String(allowed.length),
        ...rulesEnvironment(policy),
      },
      args: [...sides, ...allowed, ...files],
    };
  },
  /** Only the sandbox knows the checked-out branch, and could report any branch: its report is no permission. */
  sends({ to }, { push: { lost } = {}, agentBranchPrefix, policy }) {
    const rule = policy.refs.default_branch;
    if (to !== undefined) {
      return [{ ref: `refs/heads/${to}`, may: "write", ...(rule === "never" ? { notDefault: true } : {}) }];
    }
    const own = `refs/heads/${agentBranchPrefix}/`;
    const notDefault = rule === "open" ? {} : ({ notDefault: true } as const);
    if (lost) {
      const ref = `refs/heads/${lost.to}`;
      return [{ ref, may: "write", ...(ref.startsWith(own) ? {} : notDefault) }];
    }
    return [
      { ref: `${own}*`, may: "write" },
      { ref: "refs/heads/*", may: "write", ...notDefault },
    ];
  },
  pushed: pushedBy,
  parse(result) {
    const lost = lostRace(result);
    if (lost) return lost;
    const failed = failureOf(result, REASONS);
    if (failed) return withRules(withCause(failed, result), result, "Nothing was committed or pushed.");
    const [branch, to = "", commit = "", committed, rebased, merged, ...rest] = sectionRecords(result.sections, 1);
    const [replaced, recreated, landed, tree, sent, defaultBranch] = rest;
    const messages = remoteMessages(result);
    const rules = toldRules(result, true);
    const ignored = sectionRecords(result.sections, 7).slice(0, MAX_FILES);
    return {
      ok: true,
      value: {
        branch: branch || null,
        to,
        commit,
        committed: Boolean(committed),
        pushed: sent === "sent",
        ...(defaultBranch ? { default_branch: defaultBranch === "-" ? null : defaultBranch } : {}),
        rebased: Boolean(rebased),
        merged: Boolean(merged),
        ...(replaced ? { replaced } : {}),
        ...(recreated ? { recreated: true as const } : {}),
        ...(landed ? { landed_in: landed } : {}),
        tree: TREE.find((word) => word === tree) ?? "current",
        ...(ignored.length > 0 ? { ignored } : {}),
        ...(rules.length > 0 ? { rules } : {}),
        ...(messages.length > 0 ? { remote_messages: messages } : {}),
      },
    };
  },
});
