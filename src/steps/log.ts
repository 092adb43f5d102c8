import type { Step } from "./plan.ts";

/** State of a step. */
export type StepState =
  | { readonly is: "waiting" }
  | { readonly is: "running" }
  | { readonly is: "done"; readonly result: object }
  | { readonly is: "failed"; readonly error: unknown }
  /** A step whose result it needs has none. */
  | { readonly is: "skipped" };

const WAITING: StepState = { is: "waiting" };

/** Progress of the steps; may be read at any time. */
export class StepLog {
  readonly steps: readonly Step[];
  readonly #states: StepState[];
  readonly #attempts = new Map<number, number>();
  readonly #told: (step: Step, state: StepState) => void;

  /** @param told receives each change */
  constructor(steps: readonly Step[], told: (step: Step, state: StepState) => void = () => undefined) {
    this.steps = steps;
    this.#states = steps.map(() => WAITING);
    this.#told = told;
  }

  stateOf(at: number): StepState {
    return this.#states[at] ?? WAITING;
  }

  /** Sets how often a step was retried as another operation, counted from 1. */
  setAttempt(at: number, attempt: number): void {
    this.#attempts.set(at, attempt);
  }

  attemptOf(at: number): number {
    return this.#attempts.get(at) ?? 1;
  }

  /** Restores the known state of a step, without reporting it. */
  restore(at: number, state: StepState): void {
    this.#states[at] = state;
  }

  set(step: Step, state: StepState): void {
    this.#states[step.at] = state;
    this.#told(step, state);
  }

  isOver(at: number): boolean {
    const { is } = this.stateOf(at);
    return is !== "waiting" && is !== "running";
  }

  /** Returns the steps in these states, in order. */
  in(...states: StepState["is"][]): Step[] {
    return this.steps.filter(({ at }) => states.includes(this.stateOf(at).is));
  }

  /** Returns the results of the completed steps, in order. */
  done(): { readonly op: string; readonly [member: string]: unknown }[] {
    return this.steps.flatMap(({ at, op }) => {
      const state = this.stateOf(at);
      return state.is === "done" ? [{ op, ...state.result }] : [];
    });
  }

  /** Returns the error of the first failed step, if any. */
  failure(): { readonly error: unknown } | undefined {
    const [first] = this.in("failed");
    const state = first && this.stateOf(first.at);
    return state?.is === "failed" ? state : undefined;
  }
}
