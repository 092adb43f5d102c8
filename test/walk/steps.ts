import * as z from "zod/v4";
import { PERSON_EVENTS } from "./person-scripts.ts";

/**
 * A walk is data: the same data plays the same walk. A step does not depend on earlier ones, so any of them can be left
 * out; an impossible step is skipped.
 */

/** A call of `POST /v1/git/{operation}`; the sandbox_id is filled in. */
const call = z.strictObject({
  by: z.literal("agent"),
  workspace: z.int().min(0),
  operation: z.string(),
  body: z.record(z.string(), z.unknown()),
});

/** Calls whose bodies depend on the state at that time. */
const special = z.strictObject({
  by: z.literal("agent"),
  workspace: z.int().min(0),
  special: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("pause") }),
    z.strictObject({ kind: z.literal("resume") }),
    z.strictObject({ kind: z.literal("snapshot") }),
    /** Replaces one line of a file in its present state. */
    z.strictObject({ kind: z.literal("line"), path: z.string(), line: z.int().min(0), text: z.string() }),
    /** Ends the last conflict that the workspace was told of, or the open merge. */
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
