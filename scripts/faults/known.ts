import type { OperationName } from "./rules.ts";

/** A known defect: this operation breaks a rule during this fault. */
export interface Known {
  /** Name of the fault. */
  readonly fault: string;
  readonly operation: OperationName;
  readonly reason: string;
}

/** A run fails if any other pair breaks a rule, and if an entry breaks none any more. */
export const KNOWN: readonly Known[] = [];
