import { ERROR_KINDS, errorBody, type WarmtreeError } from "../errors.ts";
import { asKnownError } from "../execution/known-error.ts";
import type { StepReport, StepRow } from "../durable/runs/types.ts";
import type { Redactor } from "../redaction/redactor.ts";
import type { StepLog } from "../steps/log.ts";
import type { Step } from "../steps/plan.ts";
import { cleanJson, keptResult } from "./kept-result.ts";
import type { Pulse } from "./pulse.ts";
import type { RunBook } from "./run-book.ts";

/** Attempts of a step that fails temporarily; their waits add up to half a minute, or more if the error asks for it. */
const MAX_TRIES = 5;
const FIRST_WAIT_MS = 2_000;
const MAX_WAIT_MS = 10 * 60_000;
/** Workflows accept step names of up to 256 characters. */
const MAX_NAME_LENGTH = 200;

/** The step functions of a Workflow that a run uses. */
export interface DurableSteps {
  /** Runs a step; a restart does not run a completed step again. */
  run(name: string, work: () => Promise<void>): Promise<void>;
  sleep(name: string, ms: number): Promise<void>;
}

interface Parts {
  readonly item: number;
  readonly log: StepLog;
  /** Rows that earlier instances have reported. */
  readonly known: readonly StepRow[];
  readonly book: RunBook;
  readonly steps: DurableSteps;
  readonly redactor: Redactor;
  readonly pulse: Pulse;
  /** Aborted when no more steps may begin. */
  readonly ending: AbortController;
}

/** Executes the steps of one item as steps of a Workflow, and reports each. */
export class ItemDriver {
  readonly #parts: Parts;
  #broken: { readonly error: unknown } | undefined;
  #hasWorked = false;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Whether this instance has executed a step. */
  get hasWorked(): boolean {
    return this.#hasWorked;
  }

  /**
   * Executes a group of steps, and retries temporary failures. The sandbox executes an operation once, despite retries
   * (docs/decisions/0034-done-once.md).
   */
  async carryOut(group: readonly Step[], begin: () => Promise<void>): Promise<void> {
    const { log, steps, ending, known, pulse } = this.#parts;
    const waiting = known.find(({ step, status }) => status === "waiting" && step === group[0]?.at);
    let tries = waiting?.tries ?? 0;
    let retryAt = waiting?.retry_at ?? undefined;
    try {
      for (;;) {
        const left = group.filter(({ at }) => log.stateOf(at).is !== "done");
        if (retryAt !== undefined) await this.#wait(`${this.#nameOf(left, tries)}: wait`, retryAt);
        if (ending.signal.aborted) return;
        tries += 1;
        let isRun = false;
        await steps.run(this.#nameOf(left, tries), async () => {
          isRun = true;
          retryAt = await pulse.during(() => this.#tryOnce(left, begin, tries));
        });
        // This attempt was made before a restart, and failed temporarily.
        if (!isRun) retryAt = undefined;
        else if (retryAt === undefined) return;
      }
    } catch (error) {
      this.#broken ??= { error };
      ending.abort();
    }
  }

  /** @throws the error of a report that failed */
  throwIfBroken(): void {
    if (this.#broken) throw this.#broken.error;
  }

  async #wait(name: string, until: number): Promise<void> {
    const { steps, ending, pulse } = this.#parts;
    const sleep = () => Promise.race([steps.sleep(name, Math.max(0, until - Date.now())), aborted(ending.signal)]);
    await pulse.resting(until, sleep);
  }

  /** Makes one attempt. @returns when to retry; undefined: no retry */
  async #tryOnce(group: readonly Step[], begin: () => Promise<void>, tries: number): Promise<number | undefined> {
    const { item, log, book, ending, pulse } = this.#parts;
    const running = group.map(({ at }): StepReport => ({ step: at, status: "running" }));
    if (!(await book.report(item, running))) ending.abort();
    if (ending.signal.aborted) return undefined;
    this.#hasWorked = true;
    await begin();
    const failed = group.find(({ at }) => log.stateOf(at).is === "failed");
    const state = failed && log.stateOf(failed.at);
    const error = state?.is === "failed" ? asKnownError(state.error) : undefined;
    const waitMs = error && !ending.signal.aborted ? waitFor(error, tries) : undefined;
    const retryAt = waitMs === undefined ? undefined : Date.now() + waitMs;
    const reports = group.map((step) => this.#reportOf(step, retryAt));
    if (!(await book.report(item, reports, pulse.restsUntil(retryAt)))) ending.abort();
    return retryAt;
  }

  #reportOf({ at }: Step, retryAt: number | undefined): StepReport {
    const { log, redactor } = this.#parts;
    const state = log.stateOf(at);
    if (state.is === "done") return { step: at, status: "done", ...keptResult(state.result, redactor) };
    if (state.is !== "failed") return { step: at, status: "not_begun" };
    const error = cleanJson(errorBody(asKnownError(state.error), redactor), redactor);
    return retryAt === undefined
      ? { step: at, status: "failed", error }
      : { step: at, status: "waiting", error, retryAt };
  }

  #nameOf(group: readonly Step[], tries: number): string {
    const item = this.#parts.item > 0 ? `item ${this.#parts.item}: ` : "";
    const named = group.map(({ at, op }) => `${at + 1} ${op}`).join(", ");
    return `${item}${named}`.slice(0, MAX_NAME_LENGTH) + (tries > 1 ? `, try ${tries}` : "");
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });

/** Returns the wait before the next attempt, in milliseconds; undefined: no retry. */
function waitFor({ code, details }: WarmtreeError, tries: number): number | undefined {
  // An internal error is most often a lost object or connection. A retry is safe, as an operation is executed once.
  const mayHelp = ERROR_KINDS[code].retryable || code === "internal";
  if (!mayHelp || tries >= MAX_TRIES) return undefined;
  const askedMs = (details.retryAfterS ?? 0) * 1000;
  return Math.min(MAX_WAIT_MS, Math.max(FIRST_WAIT_MS * 2 ** (tries - 1), askedMs));
}
