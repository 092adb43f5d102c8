import * as z from "zod/v4";
import { SANDBOX_ID } from "./config.ts";

/**
 * What E2B sends, reduced to what is used here; keys that are not named are dropped, so new ones do no harm.
 * Wire names are E2B's (`sandboxID`); the names outside this file are ours.
 */

const sandboxId = z.string().regex(SANDBOX_ID);
/** Becomes part of a URL that a token is sent to. */
const domain = z.string().regex(/^[a-z0-9-]+(\.[a-z0-9-]+)*$/);
const instant = z
  .string()
  .transform((text) => Date.parse(text))
  .refine((atMs) => !Number.isNaN(atMs), "not a date");

/** Error body of the control plane, of the sandbox proxy (`sandboxId`, `port`) and of envd's REST routes. */
export const errorBody = z.object({
  code: z.int().min(400).max(599),
  message: z.string(),
  error_code: z.string().optional(),
  sandboxId: z.string().optional(),
  port: z.number().optional(),
});
export type ErrorBody = z.infer<typeof errorBody>;

/** Answer of create and connect. */
export const session = z
  .object({
    sandboxID: sandboxId,
    envdVersion: z.string(),
    envdAccessToken: z.string().nullish(),
    domain: domain.nullish(),
  })
  .transform((wire) => ({
    sandboxId: wire.sandboxID,
    envdVersion: wire.envdVersion,
    ...(typeof wire.envdAccessToken === "string" ? { accessToken: wire.envdAccessToken } : {}),
    ...(typeof wire.domain === "string" ? { domain: wire.domain } : {}),
  }));
export type SandboxSession = z.infer<typeof session>;

const listed = z.object({
  sandboxID: sandboxId,
  templateID: z.string(),
  state: z.enum(["running", "paused"]),
  startedAt: instant,
  endAt: instant,
  metadata: z.record(z.string(), z.string()).nullish(),
});

function fromListed(wire: z.infer<typeof listed>) {
  return {
    sandboxId: wire.sandboxID,
    templateId: wire.templateID,
    state: wire.state,
    startedAtMs: wire.startedAt,
    /** When E2B's timeout ends it; for a paused sandbox, when it was paused. */
    endAtMs: wire.endAt,
    metadata: wire.metadata ?? {},
  };
}

export const sandboxList = z.array(listed.transform(fromListed));
export type ListedSandbox = z.infer<typeof sandboxList>[number];

/** Answer of get: the listed facts and what a new session with the same sandbox needs, without waking it. */
export const sandboxDetail = z
  .intersection(session, listed.transform(fromListed));
export type SandboxDetail = z.infer<typeof sandboxDetail>;

/** Answer of POST /files. */
export const writtenFiles = z.array(z.object({ path: z.string() })).min(1);

/**
 * One event of process.Process/Start (proto3 JSON: zero values are left out, bytes are base64). One flat object of
 * optional members instead of a union: an output event is checked once per chunk, and a union would try every branch.
 */
export const processEvent = z.object({
  event: z.object({
    start: z.object({}).optional(),
    data: z.object({ stdout: z.string().optional(), stderr: z.string().optional() }).optional(),
    end: z.object({ exitCode: z.int().default(0), exited: z.boolean().default(false) }).optional(),
  }),
});
export type ProcessEvent = z.infer<typeof processEvent>["event"];

/** Last message of a Connect stream. */
export const endOfStream = z.object({
  error: z.object({ code: z.string(), message: z.string().default("") }).optional(),
});
