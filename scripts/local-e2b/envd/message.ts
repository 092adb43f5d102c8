import type * as z from "zod/v4";
import { ConnectError } from "../connect/error.ts";
import { describe } from "../http/body.ts";

/** @throws ConnectError invalid_argument that names the field */
export function parseMessage<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new ConnectError("invalid_argument", describe(result.error));
}
