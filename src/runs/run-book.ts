import type { StepReport, StepRow, StoredRun } from "../durable/runs/types.ts";
import type { PoolClientContext } from "../workspace/caller.ts";
import { runsOf } from "./runs-object.ts";

/** A run's state, for the instance that executes the run. */
export interface RunBook {
  /** Returns the run; undefined: there is nothing to do, or another instance does it. */
  begin(): Promise<StoredRun | undefined>;
  states(item: number): Promise<StepRow[]>;
  /** @returns whether the instance may begin more steps */
  report(item: number, steps: readonly StepReport[], restsUntil?: number): Promise<boolean>;
  /** @returns whether the instance may begin more steps */
  renew(): Promise<boolean>;
  /** @param error JSON of the reason why the run cannot continue */
  finish(error?: string): Promise<void>;
}

/** Connects an instance to the object that holds its run. */
export function runBook(context: PoolClientContext, instance: { run: string; generation: number }): RunBook {
  const object = () => runsOf(context, instance.run);
  return {
    begin: () => object().begin(instance),
    states: (item) => object().states(instance, item),
    report: async (item, steps, restsUntil) => object().report(instance, item, steps, restsUntil),
    renew: async () => object().renew(instance),
    finish: (error) => object().finish(instance, error),
  };
}
