import * as z from "zod/v4";
import { CONFLICT_KINDS, ERROR_KINDS } from "../errors.ts";
import { clone } from "../ops/clone.ts";
import { SOURCES } from "../pool/sources.ts";
import { STATES } from "../pool/reconcile.ts";
import { BUILD_STATES } from "../pool/template.ts";

export const GIT_TOKEN_HEADER = "X-Git-Token";

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

/** An error over HTTP: problem details of RFC 9457, with the members that an error has on every door. */
export const problemSchema = z.object({
  type: z.string().describe("urn:warmtree:problem:<code>"),
  title: z.string(),
  status: z.int(),
  detail: z.string().describe("What went wrong, what became of the work, what to do"),
  instance: z.string().describe("urn:uuid:<the id in X-Request-Id>"),
  code: z.enum(Object.keys(ERROR_KINDS)),
  retryable: z.boolean().describe("Whether the same call, sent again later, can succeed"),
  retry_after: z.number().optional().describe("Seconds to wait first"),
  field: z.string().optional().describe("The input that is wrong, as a path: files.0.path"),
  work: work.optional().describe("What became of the caller's work"),
  conflicts: z.array(hunk).optional(),
  commits: z.array(z.string()).optional().describe("Commits that somebody took away at the remote, newest first"),
  remote_messages: z.array(z.string()).optional().describe("What the git host said"),
  truncated: z.boolean().optional().describe("More was there than is told"),
});

const loss = z.object({
  since: z.iso.datetime().describe("When that was found out"),
  head: z.string().optional().describe("Commit that it was paused on"),
  unpushed: z
    .union([z.boolean(), z.literal("unknown")])
    .describe("Whether it was paused with work that the remote does not have"),
});

/** What clone answers: what every result of it says, and which workspace that is. */
export const clonedSchema = clone.output.omit({ seed: true }).extend({
  sandbox_id: z.string().describe("The workspace, for every other call"),
  source: z.enum(SOURCES).describe("Where its sandbox came from; cold: it had to be started"),
  lost: loss
    .optional()
    .describe("What this workspace held when E2B lost its sandbox, or its newest files; told for a week"),
  timing: clone.output.shape.timing.extend({ sandbox_ms: z.number().describe("Until there was a sandbox") }),
});

export const workspaceSchema = z.object({
  sandbox_id: z.string(),
  repository: z.string(),
  agent_id: z.string().optional(),
  task_id: z.string().optional(),
  state: z.enum(STATES),
  created_at: z.iso.datetime(),
  last_used_at: z.iso.datetime(),
  pauses_at: z.iso.datetime().optional().describe("When it is paused if nobody uses it"),
  unpushed: z.boolean().optional().describe("Whether it was paused with work that the remote does not have"),
  drops_at: z.iso.datetime().optional().describe("When it is dropped for good if nobody uses it; of paused ones"),
  lost: loss.optional().describe("What it held when E2B lost its sandbox, or its newest files"),
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
  starts: z.int().describe("Workspaces that were started from it"),
  head: z.string().optional().describe("Commit that it holds, with all history"),
  bytes: z.number().describe("Of its git objects"),
  clone_s: z.number().describe("Seconds of a full clone"),
  fetch_s: z.number().describe("Seconds of the newest fetch on top of it"),
});

export const snapshotListSchema = z.object({ snapshots: z.array(snapshotSchema).describe("Last used first") });

export const templateSchema = z.object({
  name: z.string().describe("What new sandboxes start from"),
  builds_weekly: z
    .boolean()
    .describe(
      "False: nothing is built here. E2B_TEMPLATE names a template, or the runtime has no Workflows (npm start)",
    ),
  version: z.int().optional().describe("Absent: none that this service built is promoted"),
  built_at: z.iso.datetime().optional(),
  newest_build: z
    .object({
      version: z.int(),
      state: z.enum(BUILD_STATES),
      started_at: z.iso.datetime(),
      ended_at: z.iso.datetime().optional(),
      reason: z.string().optional().describe("Why it failed"),
      git: z.string().optional().describe("Its version of git"),
      fsmonitor: z.boolean().optional().describe("Whether that git has a file system monitor of its own"),
      first_command_ms: z.number().optional().describe("From asking for a sandbox of it to the end of a first command"),
    })
    .optional(),
});

export const healthSchema = z.object({ ok: z.literal(true), version: z.string() });
