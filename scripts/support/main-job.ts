import { execFile } from "node:child_process";
import { promisify } from "node:util";
import * as z from "zod/v4";
import { callOperation, problemText } from "./client.ts";

export type JobOperation = "clone" | "status" | "edit" | "diff" | "pull" | "push";

/** One operation and its cost. */
export interface JobStep {
  readonly op: JobOperation;
  readonly wall_ms: number;
  readonly sandbox_requests: number;
  readonly control_requests: number;
  /** null if the answer does not report them. */
  readonly object_calls: number | null;
}

export interface JobResult {
  readonly ok: boolean;
  readonly steps: readonly JobStep[];
  /** Problems of the job; empty if ok. */
  readonly faults: readonly string[];
}

export interface Job {
  /** Address of the Worker. */
  readonly url: string;
  /** API key; absent: the key of a Worker without API_KEYS. */
  readonly key?: string;
  readonly repoUrl: string;
  /** Names the workspace's branch, together with taskId: agent/<agentId>/<taskId>. */
  readonly agentId: string;
  readonly taskId: string;
  readonly operations: readonly JobOperation[];
  /** Returns the number of requests so far to the sandboxes and to the control plane. */
  readonly counters: () => { readonly sandbox: number; readonly control: number };
  /** Whether a step that costs too much is a fault: only if no other work calls the sandboxes at the same time. */
  readonly boundsCosts: boolean;
  readonly onStep: (step: JobStep) => void;
}

/** In an existing workspace, each of these is one request to the sandbox and at most one Durable Object call. */
const WARM_OPERATIONS: ReadonlySet<JobOperation> = new Set(["status", "diff", "pull", "push"]);

const EDITED_PATH = "notes/warmtree.md";

const cloneSchema = z.object({ sandbox_id: z.string(), branch: z.string(), head: z.string() });
const diffSchema = z.object({ diff: z.string().regex(/^\+Edit \d+ /m, "does not show the edit") });
const pushSchema = z.object({ commit: z.string(), branch: z.string(), pushed: z.literal(true) });

/**
 * Does an agent's main job over HTTP: clones a repository, edits it, looks at it, and pushes; then asks the remote for
 * the pushed commit. Stops at the first step that fails.
 */
export async function runMainJob(job: Job): Promise<JobResult> {
  const steps: JobStep[] = [];
  const faults: string[] = [];
  let sandboxId = "";
  try {
    for (const op of job.operations) {
      const { step, json } = await runStep(job, op, requestBody(job, op, sandboxId, steps.length));
      steps.push(step);
      job.onStep(step);
      if (job.boundsCosts) faults.push(...costFaults(step));
      if (op === "clone") sandboxId = cloneSchema.parse(json).sandbox_id;
      if (op === "diff") diffSchema.parse(json);
      if (op === "push") await verifyPush(job.repoUrl, pushSchema.parse(json));
    }
  } catch (error) {
    faults.push(`${job.operations[steps.length] ?? "the last step"}: ${messageOf(error)}`);
  }
  return { ok: faults.length === 0, steps, faults };
}

async function runStep(job: Job, op: JobOperation, body: object): Promise<{ step: JobStep; json: unknown }> {
  const before = job.counters();
  const startedAt = performance.now();
  const { status, json, headers } = await callOperation(
    job.url,
    op,
    body,
    job.key === undefined ? {} : { key: job.key },
  );
  const wallMs = Math.round((performance.now() - startedAt) * 10) / 10;
  const after = job.counters();
  if (status !== 200) throw new Error(`HTTP ${status}: ${problemText(json)}`);
  const calls = /\bobject;desc="(\d+)"/.exec(headers.get("Server-Timing") ?? "")?.[1];
  const step: JobStep = {
    op,
    wall_ms: wallMs,
    sandbox_requests: after.sandbox - before.sandbox,
    control_requests: after.control - before.control,
    object_calls: calls === undefined ? null : Number(calls),
  };
  return { step, json };
}

function requestBody(job: Job, op: JobOperation, sandboxId: string, index: number): object {
  const bodies: Readonly<Record<JobOperation, object>> = {
    clone: { repo_url: job.repoUrl, agent_id: job.agentId, task_id: job.taskId },
    status: { sandbox_id: sandboxId },
    edit: { sandbox_id: sandboxId, files: [{ path: EDITED_PATH, content: `Edit ${index} by an agent.\n` }] },
    diff: { sandbox_id: sandboxId },
    pull: { sandbox_id: sandboxId },
    push: { sandbox_id: sandboxId, message: "Add a note" },
  };
  return bodies[op];
}

function costFaults({ op, sandbox_requests: requests, object_calls: calls }: JobStep): string[] {
  if (!WARM_OPERATIONS.has(op)) return [];
  const faults: string[] = [];
  if (requests !== 1) faults.push(`${op} took ${requests} requests to the sandbox, not 1`);
  if (calls === null) faults.push(`${op} does not tell its Durable Object calls`);
  else if (calls > 1) faults.push(`${op} took ${calls} Durable Object calls, not 1 at most`);
  return faults;
}

/** Asks the remote for the commit, because push's answer alone proves nothing. */
async function verifyPush(repoUrl: string, { branch, commit }: z.infer<typeof pushSchema>): Promise<void> {
  const { stdout } = await promisify(execFile)("git", ["ls-remote", repoUrl, `refs/heads/${branch}`]);
  const held = stdout.split("\t")[0];
  if (held !== commit) throw new Error(`the remote holds ${held || "nothing"} on ${branch}, not ${commit}`);
}

function messageOf(error: unknown): string {
  if (error instanceof z.ZodError) return z.prettifyError(error);
  return error instanceof Error ? error.message : String(error);
}
