import { observeStart, restoreStarts, type Starts, startWaitMs } from "../../pool/start-wait.ts";
import { type Outcome, takesLonger } from "./refusal.ts";
import type { KeyValues } from "../storage/key-values.ts";

/** How long callers wait for E2B to start or resume a sandbox; by what that took of late. */
export class StartPatience {
  readonly #settings: KeyValues;
  #starts: Starts;

  constructor(settings: KeyValues) {
    this.#settings = settings;
    this.#starts = restoreStarts(settings.json("starts"));
  }

  /** A start or resume took this long. */
  took(ms: number): void {
    this.#starts = observeStart(this.#starts, ms);
    this.#settings.setJson("starts", this.#starts);
  }

  /** What a move comes to; where it takes too long, that it goes on. */
  async wait(moving: Promise<Outcome>): Promise<Outcome> {
    const waitMs = startWaitMs(this.#starts);
    const late = Promise.withResolvers<Outcome>();
    const timer = setTimeout(() => late.resolve(takesLonger(waitMs)), waitMs);
    try {
      return await Promise.race([moving, late.promise]);
    } finally {
      // One that is left pending keeps the object in memory.
      clearTimeout(timer);
    }
  }
}
