import * as z from "zod/v4";
import { PERSON_EVENTS } from "./person-scripts.ts";

/**
 * A walk is data: whoever plays it again with the same data does the same. A step does not depend on those before it, so
 * any of them can be left out; where it finds nothing to do it is skipped.
 */

/** A call of `POST /v1/git/{operation}`; the sandbox_id is filled in. */
const call = z.strictObject({
  by: z.literal("agent"),
  workspace: z.int().min(0),
  operation: z.string(),
  body: z.record(z.string(), z.unknown()),
});

/** Calls whose bodies are known only at the time. */
const special = z.strictObject({
  by: z.literal("agent"),
  workspace: z.int().min(0),
  special: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("pause") }),
    z.strictObject({ kind: z.literal("resume") }),
    z.strictObject({ kind: z.literal("snapshot") }),
    /** Replaces one line of a file as it is then. */
    z.strictObject({ kind: z.literal("line"), path: z.string(), line: z.int().min(0), text: z.string() }),
    /** Ends the conflict that the workspace was answered last, or the merge that is open. */
    z.strictObject({ kind: z.literal("settle"), how: z.enum(["merge", "restore"]), token: z.string() }),
  ]),
});

const person = z.strictObject({ by: z.literal("person"), event: z.enum(PERSON_EVENTS), args: z.array(z.string()) });

const step = z.union([call, special, person]);
export type Step = z.output<typeof step>;
export type Special = z.output<typeof special>["special"];
export type PersonStep = z.output<typeof person>;

export const walkSchema = z.strictObject({
  format: z.enum(["sha1", "sha256"]),
  /** Whether the remote begins without a commit. */
  empty: z.boolean(),
  steps: z.array(step),
});
export type Walk = z.output<typeof walkSchema>;
