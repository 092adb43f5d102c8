import { ERROR_KINDS, errorBody, type WarmtreeError } from "../errors.ts";
import { asKnownError } from "../execution/known-error.ts";
import type { StepReport } from "../durable/runs/types.ts";
import type { Redactor } from "../redaction/redactor.ts";
import type { StepLog } from "../steps/log.ts";
import type { Step } from "../steps/plan.ts";
import type { RunBook } from "./run-book.ts";

/** Answers are kept in rows, which hold 2 MB; a character takes at most 3 bytes of UTF-8. */
const MAX_RESULT_LENGTH = 500_000;
/** Tries of a step that failed for a moment's reason; together they wait half a minute, or as long as is asked. */
const MAX_TRIES = 5;
const FIRST_WAIT_MS = 2_000;
const MAX_WAIT_MS = 10 * 60_000;
/** Workflows take names of 256 characters. */
const MAX_NAME_LENGTH = 200;

/** Steps of a Workflow, as a run needs them. */
export interface DurableSteps {
  /** Runs a step; after a restart, one that was completed is not run again. */
  run(name: string, work: () => Promise<void>): Promise<void>;
  sleep(name: string, ms: number): Promise<void>;
}

interface Parts {
  readonly item: number;
  readonly log: StepLog;
  readonly book: RunBook;
  readonly steps: DurableSteps;
  readonly redactor: Redactor;
  /** Aborted when no more steps may be begun. */
  readonly ending: AbortController;
}

/** Carries out the steps of one item as steps of a Workflow, and reports each. */
export class ItemDriver {
  readonly #parts: Parts;
  #broken: { readonly error: unknown } | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * Carries out a group of steps; tries again what failed for a moment's reason. An operation is done once, however
   * often it is sent (docs/decisions/0034-done-once.md).
   */
  async carryOut(group: readonly Step[], begin: () => Promise<void>): Promise<void> {
    const { log, steps, ending } = this.#parts;
    try {
      for (let tries = 1; ;) {
        const left = group.filter(({ at }) => log.stateOf(at).is !== "done");
        let waitMs: number | undefined;
        let isRun = false;
        await steps.run(this.#nameOf(left, tries), async () => {
          isRun = true;
          waitMs = await this.#tryOnce(left, begin, tries);
        });
        if (isRun) {
          if (waitMs === undefined || ending.signal.aborted) return;
          await Promise.race([steps.sleep(`${this.#nameOf(left, tries)}: wait`, waitMs), aborted(ending.signal)]);
          if (ending.signal.aborted) return;
        }
        tries++;
      }
    } catch (error) {
      this.#broken ??= { error };
      ending.abort();
    }
  }

  /** @throws what kept it from reporting */
  throwIfBroken(): void {
    if (this.#broken) throw this.#broken.error;
  }

  /** @returns how long to wait for another try; undefined: there is none */
  async #tryOnce(group: readonly Step[], begin: () => Promise<void>, tries: number): Promise<number | undefined> {
    const { item, log, book, ending } = this.#parts;
    const running = group.map(({ at }): StepReport => ({ step: at, status: "running" }));
    if (ending.signal.aborted || !(await book.report(item, running))) {
      ending.abort();
      await book.report(item, group.map(notBegun));
      return undefined;
    }
    await begin();
    const failed = group.find(({ at }) => log.stateOf(at).is === "failed");
    const state = failed && log.stateOf(failed.at);
    const error = state?.is === "failed" ? asKnownError(state.error) : undefined;
    const waitMs = error && !ending.signal.aborted ? waitFor(error, tries) : undefined;
    const retryAt = waitMs === undefined ? undefined : Date.now() + waitMs;
    const goesOn = await book.report(
      item,
      group.map((step) => this.#reportOf(step, retryAt)),
      retryAt,
    );
    if (!goesOn) ending.abort();
    return waitMs;
  }

  #reportOf({ at }: Step, retryAt: number | undefined): StepReport {
    const { log, redactor } = this.#parts;
    const state = log.stateOf(at);
    if (state.is === "done") {
      const result = this.#cleaned(state.result);
      return { step: at, status: "done", ...(result.length <= MAX_RESULT_LENGTH && { result }) };
    }
    if (state.is !== "failed") return notBegun({ at });
    const error = this.#cleaned(errorBody(asKnownError(state.error), redactor));
    return retryAt === undefined
      ? { step: at, status: "failed", error }
      : { step: at, status: "waiting", error, retryAt };
  }

  /** JSON without secrets. */
  #cleaned(value: object): string {
    const { redactor } = this.#parts;
    const text = JSON.stringify(value);
    return redactor.mayHold(text) ? redactor.cleanJson(text) : text;
  }

  #nameOf(group: readonly Step[], tries: number): string {
    const item = this.#parts.item > 0 ? `item ${this.#parts.item}: ` : "";
    const named = group.map(({ at, op }) => `${at + 1} ${op}`).join(", ");
    return `${item}${named}`.slice(0, MAX_NAME_LENGTH) + (tries > 1 ? `, try ${tries}` : "");
  }
}

const notBegun = ({ at }: Pick<Step, "at">): StepReport => ({ step: at, status: "not_begun" });

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });

/** @returns undefined if there is no other try */
function waitFor({ code, details }: WarmtreeError, tries: number): number | undefined {
  // What was not foreseen is most often the end of an object or of a connection; and an operation is done once.
  const mayHelp = ERROR_KINDS[code].retryable || code === "internal";
  if (!mayHelp || tries >= MAX_TRIES) return undefined;
  const askedMs = (details.retryAfterS ?? 0) * 1000;
  return Math.min(MAX_WAIT_MS, Math.max(FIRST_WAIT_MS * 2 ** (tries - 1), askedMs));
}
