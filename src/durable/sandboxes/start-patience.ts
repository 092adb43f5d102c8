import { observeStart, restoreStarts, type Starts, startWaitMs } from "../../pool/start-wait.ts";
import { type Outcome, takesLonger } from "./refusal.ts";
import type { KeyValues } from "../storage/key-values.ts";

/** Limits how long callers wait for E2B to start or resume a sandbox, based on recent durations. */
export class StartPatience {
  readonly #settings: KeyValues;
  #starts: Starts;

  constructor(settings: KeyValues) {
    this.#settings = settings;
    this.#starts = restoreStarts(settings.json("starts"));
  }

  /** Observes the duration of a start or resume. */
  took(ms: number): void {
    this.#starts = observeStart(this.#starts, ms);
    this.#settings.setJson("starts", this.#starts);
  }

  /** Waits for a transition. Returns the refusal `takesLonger` when the limit is reached; the transition continues. */
  async wait(moving: Promise<Outcome>): Promise<Outcome> {
    const waitMs = startWaitMs(this.#starts);
    const late = Promise.withResolvers<Outcome>();
    const timer = setTimeout(() => late.resolve(takesLonger(waitMs)), waitMs);
    try {
      return await Promise.race([moving, late.promise]);
    } finally {
      // A pending timer keeps the object in memory.
      clearTimeout(timer);
    }
  }
}
