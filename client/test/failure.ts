import { expect } from "vitest";
import { NoAnswerError, WarmtreeError } from "../src/index.ts";

/** Returns the error with which a call rejects. */
export async function failure(call: Promise<unknown>): Promise<WarmtreeError | NoAnswerError> {
  const error: unknown = await call.then(
    (value) => expect.fail(`answered ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  if (error instanceof WarmtreeError || error instanceof NoAnswerError) return error;
  throw error;
}
