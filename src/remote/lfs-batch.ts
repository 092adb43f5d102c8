import { cutAtWord } from "../redaction/plain-text.ts";
import * as z from "zod/v4";
import type { LfsObject } from "./types.ts";

/** Address of the upload of an object, or of the report after it, with the headers of the request. */
const action = z.object({ href: z.string(), header: z.record(z.string(), z.string()).nullish() });
export type LfsAction = z.output<typeof action>;

const batchAnswer = z.object({
  transfer: z.literal("basic").nullish(),
  hash_algo: z.literal("sha256").nullish(),
  objects: z.array(
    z.object({
      oid: z.string(),
      actions: z.object({ upload: action.nullish(), verify: action.nullish() }).nullish(),
      error: z.object({ code: z.number().nullish(), message: z.string().nullish() }).nullish(),
    }),
  ),
});
type BatchAnswer = z.output<typeof batchAnswer>;

/** The host's answer about one object. */
export type LfsTurn =
  | { readonly kind: "present" }
  | { readonly kind: "upload"; readonly upload: LfsAction; readonly verify?: LfsAction | undefined }
  | { readonly kind: "refused"; readonly said: string };

/** Body of a batch request for an upload (git-lfs docs/api/batch.md). */
export const batchRequest = (objects: readonly LfsObject[]): string =>
  JSON.stringify({ operation: "upload", transfers: ["basic"], hash_algo: "sha256", objects });

/** Parses the response to a batch request; undefined if it has another form. */
export function readBatch(text: string): BatchAnswer | undefined {
  const parsed = batchAnswer.safeParse(jsonOf(text));
  return parsed.success ? parsed.data : undefined;
}

/** Returns the host's answer about an object. */
export function turnOf(oid: string, { objects }: BatchAnswer): LfsTurn {
  const found = objects.find((object) => object.oid === oid);
  if (!found) return { kind: "refused", said: "its answer does not name the object" };
  const { actions, error } = found;
  if (error) return { kind: "refused", said: cleaned(error.message ?? `error ${error.code ?? "without a code"}`) };
  if (!actions?.upload) return { kind: "present" };
  return { kind: "upload", upload: actions.upload, verify: actions.verify ?? undefined };
}

const withMessage = z.object({ message: z.string() });
const MAX_SAID_CHARACTERS = 300;

/** Returns the host's message in an error's body, in one line; "" if there is none. */
export function messageIn(text: string): string {
  const parsed = withMessage.safeParse(jsonOf(text));
  return parsed.success ? cleaned(parsed.data.message) : "";
}

const cleaned = (text: string) => cutAtWord(text.replaceAll(/\s+/g, " ").trim(), MAX_SAID_CHARACTERS);

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
