import type { OperationName } from "./rules.ts";

/** Something that is not right yet: a rule that this pair breaks. */
export interface Known {
  /** Name of the fault. */
  readonly fault: string;
  readonly operation: OperationName;
  readonly reason: string;
}

/** A run fails on what breaks a rule beyond this, and on an entry that breaks none any more. */
export const KNOWN: readonly Known[] = [];
