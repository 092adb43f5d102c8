import * as z from "zod/v4";
import { CONFLICT_KINDS, ERROR_KINDS, LIMITS } from "../errors.ts";
import { clone } from "../ops/clone.ts";
import { brokenRule } from "../ops/output/broken-rules.ts";
import { policySchema } from "../policy/policy.ts";
import { SOURCES } from "../pool/sources.ts";
import { STATES } from "../pool/reconcile.ts";
import { BUILD_STATES } from "../pool/template.ts";

export const GIT_TOKEN_HEADER = "X-Git-Token";
/** As in draft-ietf-httpapi-idempotency-key-header. */
export const IDEMPOTENCY_HEADER = "Idempotency-Key";
const KEYED: ReadonlySet<string> = new Set(["clone", "edit", "push"]);
/** Whether an operation takes an Idempotency-Key; runs do, too. */
export const takesKey = (operation: string): boolean => KEYED.has(operation);

const hunk = z.object({
  path: z.string(),
  kind: z.enum(CONFLICT_KINDS),
  line: z.int().describe("First line of the hunk in the file with markers, from 1; 0 where there is no text"),
  base: z.string(),
  ours: z.string().describe("The workspace's side"),
  theirs: z.string().describe("The remote's side"),
});

const work = z.object({
  committed: z.string().optional().describe("Commit that this call made; the workspace keeps it"),
  pushed: z.union([z.boolean(), z.literal("unknown")]),
  tree: z.enum(["unchanged", "changed", "merging", "unknown"]),
});

/** An error over HTTP: problem details of RFC 9457, with the members common to every entry point. */
export const problemSchema = z.object({
  type: z.string().describe("urn:warmtree:problem:<code>"),
  title: z.string(),
  status: z.int(),
  detail: z.string().describe("The failure, its effect on the work, and the next step"),
  instance: z.string().describe("urn:uuid:<the id in X-Request-Id>"),
  code: z.enum(Object.keys(ERROR_KINDS)),
  retryable: z.boolean().describe("Whether the same call, sent again later, can succeed"),
  retry_after: z.number().optional().describe("Seconds to wait first"),
  limit: z.enum(LIMITS).optional().describe("The limit of this service that is reached; absent: E2B's"),
  field: z.string().optional().describe("The input that is wrong, as a path: files.0.path; of several, the first"),
  errors: z
    .array(z.object({ field: z.string(), detail: z.string() }))
    .optional()
    .describe("Every input that is wrong, if there are several"),
  work: work.optional().describe("Effect on the caller's work"),
  conflicts: z.array(hunk).optional(),
  commits: z.array(z.string()).optional().describe("Commits removed at the remote, newest first"),
  rules: z.array(brokenRule).optional().describe("Every rule of this service that is against the call, and where"),
  remote_messages: z.array(z.string()).optional().describe("Messages of the git host"),
  truncated: z.boolean().optional().describe("Whether items were omitted"),
});

const loss = z.object({
  since: z.iso.datetime().describe("When the loss was detected"),
  head: z.string().optional().describe("Commit at the last pause"),
  unpushed: z.union([z.boolean(), z.literal("unknown")]).describe("Whether it was paused with unpushed work"),
  bundle: z.string().optional().describe("Path of the download, if its unpushed work was saved before it was dropped"),
});

/** Answer of clone: the result of the operation, and its workspace. */
export const clonedSchema = clone.output.omit({ seed: true }).extend({
  sandbox_id: z.string().describe("The workspace, for every other call"),
  source: z.enum(SOURCES).describe("Source of its sandbox; cold: newly started"),
  lost: loss
    .optional()
    .describe("State of this workspace when E2B lost its sandbox, or its newest files; reported for a week"),
  timing: clone.output.shape.timing.extend({ sandbox_ms: z.number().describe("Wait for the sandbox") }),
});

export const workspaceSchema = z.object({
  sandbox_id: z.string(),
  repository: z.string(),
  agent_id: z.string().optional(),
  task_id: z.string().optional(),
  state: z.enum(STATES),
  created_at: z.iso.datetime(),
  last_used_at: z.iso.datetime(),
  pauses_at: z.iso.datetime().optional().describe("When it is paused if it stays unused"),
  unpushed: z.boolean().optional().describe("Whether it was paused with unpushed work"),
  drops_at: z.iso.datetime().optional().describe("When a paused workspace is dropped for good if it stays unused"),
  lost: loss.optional().describe("Its state when E2B lost its sandbox, or its newest files, or when it was dropped"),
  saved: z
    .object({
      at: z.iso.datetime(),
      bytes: z.int(),
      until: z.iso.datetime().describe("When the saved work is deleted"),
    })
    .optional()
    .describe("Unpushed work that was saved before the workspace was dropped: GET its bundle"),
});

export const workspaceListSchema = z.object({ workspaces: z.array(workspaceSchema).describe("Last used first") });

export const snapshotInput = z.strictObject({
  repo_url: clone.input.shape.repo_url,
});

export const snapshotSchema = z.object({
  snapshot_id: z.string(),
  repository: z.string(),
  state: z.enum(["making", "ready"]),
  made_at: z.iso.datetime(),
  last_used_at: z.iso.datetime(),
  starts: z.int().describe("Workspaces started from it"),
  head: z.string().optional().describe("Commit that it holds, with full history"),
  bytes: z.number().describe("Size of its git objects"),
  clone_s: z.number().describe("Duration of a full clone, in seconds"),
  fetch_s: z.number().describe("Duration of the newest fetch on top of it, in seconds"),
});

export const snapshotListSchema = z.object({ snapshots: z.array(snapshotSchema).describe("Last used first") });

export const templateSchema = z.object({
  name: z.string().describe("Template of new sandboxes"),
  builds_weekly: z
    .boolean()
    .describe(
      "False: E2B_TEMPLATE names a template, or TEMPLATE_BUILDS is asked (as with npm start, which has no cron)",
    ),
  version: z.int().optional().describe("Absent: no version built by this service is promoted"),
  built_at: z.iso.datetime().optional(),
  newest_build: z
    .object({
      version: z.int(),
      state: z.enum(BUILD_STATES),
      started_at: z.iso.datetime(),
      ended_at: z.iso.datetime().optional(),
      reason: z.string().optional().describe("Reason of the failure"),
      git: z.string().optional().describe("Its git version"),
      fsmonitor: z.boolean().optional().describe("Whether its git has a built-in file system monitor"),
      first_command_ms: z
        .number()
        .optional()
        .describe("From the request for its sandbox to the end of the first command"),
    })
    .optional(),
});

export const policiesSchema = z.object({
  policies: z
    .array(policySchema.extend({ host: z.string().describe("As ALLOWED_GIT_HOSTS has it") }))
    .describe("For each git host that is allowed"),
});

export const healthSchema = z.object({
  ok: z.literal(true),
  version: z.string(),
  credentials: z.enum(["broker", "env"]).describe("How credentials reach git: setting CREDENTIALS"),
  commits: z.enum(["signed", "unsigned"]).describe("Whether commits are signed: setting SIGNING_KEY"),
  sandbox_egress: z.enum(["sealed", "open"]).describe("What sandboxes can connect to: setting SANDBOX_EGRESS"),
});
