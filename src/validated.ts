import type * as z from "zod/v4";
import { WarmtreeError } from "./errors.ts";

/**
 * Input that a schema has checked. Throws invalid_input that names the first wrong field, under `within` when the input
 * is a part of something larger.
 */
export function validated<Input extends z.ZodType>(schema: Input, input: unknown, within?: string): z.output<Input> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const unknown = issue?.code === "unrecognized_keys" ? issue.keys.slice(0, 1) : [];
  const field = [...(within ? [within] : []), ...(issue?.path ?? []), ...unknown].join(".");
  const detail = `${field || "The input"}: ${issue?.message ?? "is not valid"}. Nothing was done.`;
  throw new WarmtreeError("invalid_input", detail, field ? { field } : {});
}
