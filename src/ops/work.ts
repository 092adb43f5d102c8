import { WarmtreeError, type Work } from "../errors.ts";
import type { SandboxTask } from "./operation.ts";
import type { Parsed } from "./output/script-output.ts";

type Doing = Pick<SandboxTask, "access" | "pushes">;

export const UNTOUCHED: Work = { pushed: false, tree: "unchanged" };

/** The state of the work after an operation has started and its result is unknown. */
export function openWork({ access, pushes = false }: Doing): Work {
  return access === "read" ? UNTOUCHED : { pushed: pushes ? "unknown" : false, tree: "unknown" };
}

/** Adds that nothing was changed to an error that occurred before the operation started. */
export function beforeBegun(error: unknown): unknown {
  if (!(error instanceof WarmtreeError) || error.details.work) return error;
  const { code, message, details, cause } = error;
  return new WarmtreeError(code, message, { ...details, work: UNTOUCHED }, cause);
}

/** Adds the state of the work to a failure that lacks it. Only for an operation that pushes can `pushed` be unknown. */
export function withWork<Value>(operation: Doing, parsed: Parsed<Value>): Parsed<Value> {
  if (parsed.ok) return parsed;
  const { code, message, details, cause } = parsed.error;
  const told = details.work ?? openWork(operation);
  const pushed = operation.pushes ? told.pushed : false;
  return { ...parsed, error: new WarmtreeError(code, message, { ...details, work: { ...told, pushed } }, cause) };
}
