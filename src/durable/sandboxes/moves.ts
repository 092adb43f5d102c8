import type { Row } from "../storage/row.ts";
import type { Outcome } from "./refusal.ts";

interface Move {
  readonly outcome: Promise<Outcome>;
  readonly isPause: boolean;
}

/** Transitions in progress. A sandbox has at most one at a time; other callers wait for it. */
export class Moves {
  readonly #moves = new Map<string, Move>();

  /** Returns the transition in progress, if any. */
  of(sandboxId: string): Promise<Outcome> | undefined {
    return this.#moves.get(sandboxId)?.outcome;
  }

  /** Whether the transition in progress is a pause. */
  isPause(sandboxId: string): boolean {
    return this.#moves.get(sandboxId)?.isPause ?? false;
  }

  /** Runs a transition, or joins the one in progress and returns its outcome. */
  single({ sandbox_id: id }: Row, work: () => Promise<Outcome>, { isPause = false } = {}): Promise<Outcome> {
    const known = this.of(id);
    if (known) return known;
    const outcome = work().finally(() => this.#moves.delete(id));
    this.#moves.set(id, { outcome, isPause });
    return outcome;
  }
}
