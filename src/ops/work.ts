import { WarmtreeError, type Work } from "../errors.ts";
import type { SandboxTask } from "./operation.ts";
import type { Parsed } from "./output/script-output.ts";

type Doing = Pick<SandboxTask, "access" | "pushes">;

export const UNTOUCHED: Work = { pushed: false, tree: "unchanged" };

/** What is known of the work when an operation was begun and nobody told how far it came. */
export function openWork({ access, pushes = false }: Doing): Work {
  return access === "read" ? UNTOUCHED : { pushed: pushes ? "unknown" : false, tree: "unknown" };
}

/** An error from before an operation was begun says so. */
export function beforeBegun(error: unknown): unknown {
  if (!(error instanceof WarmtreeError) || error.details.work) return error;
  const { code, message, details, cause } = error;
  return new WarmtreeError(code, message, { ...details, work: UNTOUCHED }, cause);
}

/** A failure always says what became of the work, and only of what pushes can it be open whether it did. */
export function withWork<Value>(operation: Doing, parsed: Parsed<Value>): Parsed<Value> {
  if (parsed.ok) return parsed;
  const { code, message, details, cause } = parsed.error;
  const told = details.work ?? openWork(operation);
  const pushed = operation.pushes ? told.pushed : false;
  return { ...parsed, error: new WarmtreeError(code, message, { ...details, work: { ...told, pushed } }, cause) };
}
