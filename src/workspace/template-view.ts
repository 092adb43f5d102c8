import { plainText } from "../redaction/plain-text.ts";
import type { BuildRecord } from "../pool/template.ts";
import { pool } from "./pool.ts";
import type { Caller } from "./caller.ts";

/** The template on the wire; times in RFC 3339. */
export interface TemplateView {
  readonly name: string;
  readonly builds_weekly: boolean;
  readonly version?: number;
  readonly built_at?: string;
  readonly newest_build?: {
    readonly version: number;
    readonly state: BuildRecord["state"];
    readonly reason?: string;
    readonly started_at: string;
    readonly ended_at?: string;
    readonly git?: string;
    readonly fsmonitor?: boolean;
    readonly first_command_ms?: number;
  };
}

/**
 * Returns the template of new sandboxes and the newest build. Every shard has the promotion; the first also has the
 * build.
 */
export async function templateView(caller: Caller): Promise<TemplateView> {
  const { name, promoted, newestBuild } = await pool(caller, 0).template();
  return {
    name,
    builds_weekly: caller.config.builds !== undefined && caller.config.templateBuilds === "weekly",
    ...(promoted && { version: promoted.version, built_at: rfc3339(promoted.builtAt) }),
    ...(newestBuild && { newest_build: buildView(newestBuild) }),
  };
}

function buildView({ version, state, startedAt, endedAt, reason, git, fsmonitor, firstCommandMs }: BuildRecord) {
  return {
    version,
    state,
    started_at: rfc3339(startedAt),
    ...(endedAt === undefined ? {} : { ended_at: rfc3339(endedAt) }),
    // The reason may quote E2B, or a program in the sandbox.
    ...(reason === undefined ? {} : { reason: plainText(reason) }),
    ...(git === undefined ? {} : { git }),
    ...(fsmonitor === undefined ? {} : { fsmonitor }),
    ...(firstCommandMs === undefined ? {} : { first_command_ms: firstCommandMs }),
  };
}

const rfc3339 = (timeMs: number) => new Date(timeMs).toISOString();
