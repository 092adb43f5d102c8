import * as z from "zod/v4";
import type { Config } from "./config.ts";

/** Who calls, and what an operation needs of the Worker around it. Made by each door after its gate. */
export interface Caller {
  readonly tenant: string;
  /** The caller's own git credential (`X-Git-Token`), for this call only. */
  readonly gitToken?: string;
  readonly env: Env;
  readonly config: Config;
  /** For work that the answer does not wait for. */
  waitUntil(work: Promise<unknown>): void;
  /** Counts what the call cost, for `Server-Timing`. */
  readonly cost: { objectCalls: number; sandboxMs: number };
}

export const workspaceView = z.object({
  sandbox_id: z.string(),
  repository: z.string(),
  agent_id: z.string().optional(),
  task_id: z.string().optional(),
  state: z.enum(["warming", "warm", "bound", "paused", "gone"]),
  created_at: z.string().describe("RFC 3339"),
  last_used_at: z.string().describe("RFC 3339"),
  pauses_at: z.string().optional().describe("When it will be paused if nobody uses it; RFC 3339"),
});

export type WorkspaceView = z.output<typeof workspaceView>;
