import * as z from "zod/v4";
import { SANDBOX_ID, SNAPSHOT_ID } from "./config.ts";
import type { SandboxAddress } from "./config.ts";

/**
 * Schemas of E2B's answers, reduced to the members used here; unknown members are dropped, so new ones do no harm. Wire
 * names are E2B's (`sandboxID`); exported names are ours.
 */

/** A sandbox that was just created or connected to. */
export interface SandboxSession extends SandboxAddress {
  envdVersion: string;
}

export interface ListedSandbox {
  sandboxId: string;
  templateId: string;
  state: "running" | "paused";
  startedAtMs: number;
  /** When E2B's timeout ends it; for a paused sandbox, when it was paused. */
  endAtMs: number;
  metadata: Record<string, string>;
}

/** A listed sandbox with its address, obtained without waking or extending it. */
export type SandboxDetail = ListedSandbox & SandboxSession;

/** One build of one template. */
export interface BuildRef {
  templateId: string;
  buildId: string;
}

export interface BuildStatus {
  state: "waiting" | "building" | "ready" | "failed";
  /** Reason of the failure, from E2B. */
  reason?: string;
}

export interface TemplateTag {
  tag: string;
  buildId: string;
  assignedAtMs: number;
}

const instant = z
  .string()
  .transform((text) => Date.parse(text))
  .refine((atMs) => !Number.isNaN(atMs), "not a date");

const sessionWire = z.object({
  sandboxID: z.string().regex(SANDBOX_ID),
  envdVersion: z.string(),
  envdAccessToken: z.string().nullish(),
  /** Becomes part of a URL that receives the token. */
  domain: z
    .string()
    .regex(/^[a-z0-9-]+(\.[a-z0-9-]+)*$/)
    .nullish(),
});

const listedWire = z.object({
  sandboxID: z.string().regex(SANDBOX_ID),
  templateID: z.string(),
  state: z.enum(["running", "paused"]),
  startedAt: instant,
  endAt: instant,
  metadata: z.record(z.string(), z.string()).nullish(),
});

function toSession(wire: z.infer<typeof sessionWire>): SandboxSession {
  const { sandboxID, envdVersion, envdAccessToken, domain } = wire;
  return {
    sandboxId: sandboxID,
    envdVersion,
    ...(typeof envdAccessToken === "string" ? { accessToken: envdAccessToken } : {}),
    ...(typeof domain === "string" ? { domain } : {}),
  };
}

function toListed(wire: z.infer<typeof listedWire>): ListedSandbox {
  return {
    sandboxId: wire.sandboxID,
    templateId: wire.templateID,
    state: wire.state,
    startedAtMs: wire.startedAt,
    endAtMs: wire.endAt,
    metadata: wire.metadata ?? {},
  };
}

/** Answer of create and connect. */
export const sandboxSession = sessionWire.transform(toSession);
/** One page of list. */
export const sandboxList = z.array(listedWire.transform(toListed));
/** Answer of get. */
export const sandboxDetail = listedWire
  .extend(sessionWire.shape)
  .transform((wire): SandboxDetail => ({ ...toListed(wire), ...toSession(wire) }));

/** Answer of POST /v3/templates. Both ids become parts of URLs. */
export const requestedBuild = z
  .object({ templateID: z.string().regex(SANDBOX_ID), buildID: z.uuid() })
  .transform((wire): BuildRef => ({ templateId: wire.templateID, buildId: wire.buildID }));

/** Answer of a build's status route. */
export const buildStatus = z
  .object({
    status: z.enum(["waiting", "building", "ready", "error"]),
    reason: z.object({ message: z.string(), step: z.string().optional() }).nullish(),
  })
  .transform(({ status, reason }): BuildStatus => {
    if (status !== "error") return { state: status };
    const step = reason?.step === undefined ? "" : `step ${reason.step}: `;
    return { state: "failed", reason: step + (reason?.message ?? "E2B did not say why") };
  });

/** Answer of a template's tags route. */
export const templateTags = z.array(
  z
    .object({ tag: z.string(), buildID: z.uuid(), createdAt: instant })
    .transform((wire): TemplateTag => ({ tag: wire.tag, buildId: wire.buildID, assignedAtMs: wire.createdAt })),
);

/** Error body of the control plane, of the sandbox proxy (`sandboxId`, `port`) and of envd's REST routes. */
export const errorBody = z.object({
  code: z.int().min(400).max(599),
  message: z.string(),
  error_code: z.string().optional(),
  sandboxId: z.string().optional(),
  port: z.number().optional(),
});
export type ErrorBody = z.infer<typeof errorBody>;

/** Answer of envd's POST /files. */
export const writtenFiles = z.array(z.object({ path: z.string() })).min(1);

/**
 * One event of process.Process/Start (proto3 JSON: zero values are omitted, bytes are base64). A flat object of
 * optional members instead of a union: output is checked chunk by chunk, and a union would try its branches each time.
 */
export const processEvent = z.object({
  event: z.object({
    start: z.object({ pid: z.int() }).optional(),
    data: z.object({ stdout: z.string().optional(), stderr: z.string().optional() }).optional(),
    end: z.object({ exitCode: z.int().default(0), exited: z.boolean().default(false) }).optional(),
  }),
});
export type ProcessEnd = NonNullable<z.infer<typeof processEvent>["event"]["end"]>;

/** Answer of process.Process's unary calls without a result. */
export const nothingMore = z.object({});

/** Last message of a Connect stream. */
export const endOfStream = z.object({
  error: z.object({ code: z.string(), message: z.string().default("") }).optional(),
});

/** Answer of a sandbox's snapshot. */
export const takenSnapshot = z
  .object({ snapshotID: z.string().regex(SNAPSHOT_ID) })
  .transform(({ snapshotID }) => snapshotID);
