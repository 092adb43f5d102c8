import { ewma } from "../../pool/average.ts";
import { countBefore, isGivenUp, longestWaitMs, nextOf, type Place, retryAfterS } from "../../pool/push-line.ts";

/** Result of the wait in the queue. */
export type Entered<Outcome> =
  | {
      readonly kind: "turn";
      /** Other pushes may have reached the branch since this one was queued. */
      readonly waited: boolean;
      /** Ends the turn. Call it once: with the outcome of the push, or without if the outcome is unknown. */
      readonly end: (outcome?: Outcome) => void;
    }
  | {
      readonly kind: "outcome";
      readonly outcome: Outcome;
      /** The push was already running when this call came, so it may lack later changes. */
      readonly joinedLate: boolean;
    }
  | { readonly kind: "late"; readonly before: number; readonly retryAfterS: number };

interface Call<Outcome> {
  readonly answer: (entered: Entered<Outcome>) => void;
  readonly joinedLate: boolean;
  readonly onBefore?: ((before: number) => void) | undefined;
  timer?: ReturnType<typeof setTimeout>;
}

interface Push<Outcome> extends Place {
  readonly id: string;
  readonly calls: Call<Outcome>[];
  turn: Turn | undefined;
  leftAt: number | undefined;
}

interface Turn {
  readonly startedAt: number;
  readonly lease: ReturnType<typeof setTimeout>;
}

interface Line<Outcome> {
  readonly name: string;
  readonly pushes: Push<Outcome>[];
  pushMs?: number;
}

/**
 * Serializes pushes to one branch, and gives a repeated call the outcome of the first. In memory only, for speed and
 * fairness: the remote's lock decides races, so a lost queue loses no work (docs/decisions/0018-push-queue.md).
 */
export class PushQueue<Outcome> {
  readonly #lines = new Map<string, Line<Outcome>>();
  readonly #operationTimeoutMs: number;

  constructor(operationTimeoutMs: number) {
    this.#operationTimeoutMs = operationTimeoutMs;
  }

  /**
   * Waits for the turn of a push, or for its outcome if another call has the turn.
   * @param id equal for calls that repeat the same push
   * @param onBefore receives the number of pushes ahead of this push, on each change
   */
  enter(lineName: string, id: string, onBefore?: (before: number) => void): Promise<Entered<Outcome>> {
    const now = Date.now();
    this.#dropExpired(now);
    const line = this.#lines.get(lineName) ?? { name: lineName, pushes: [] };
    this.#lines.set(lineName, line);
    const known = line.pushes.find((push) => push.id === id);
    const push = known ?? newPush<Outcome>(id);
    if (!known) line.pushes.push(push);
    push.leftAt = undefined;
    const { promise, resolve } = Promise.withResolvers<Entered<Outcome>>();
    const call: Call<Outcome> = { answer: resolve, joinedLate: push.turn !== undefined, onBefore };
    push.calls.push(call);
    this.#advance(line, call);
    if (!push.turn) {
      call.timer = setTimeout(() => this.#late(line, push, call), longestWaitMs(this.#operationTimeoutMs, line.pushMs));
    }
    if (push.calls.includes(call)) notifyBefore(line, push);
    return promise;
  }

  /** Gives the turn to the next push, unless a push has it. @param justCame a call that has not waited */
  #advance(line: Line<Outcome>, justCame?: Call<Outcome>): void {
    const push = nextOf(line.pushes);
    const call = push?.calls.shift();
    if (!push || !call) return;
    // The other calls now wait for the outcome; the turn's lease bounds that wait.
    for (const { timer } of [call, ...push.calls]) if (timer !== undefined) clearTimeout(timer);
    const end = (outcome?: Outcome) => this.#end(line, push, turn, outcome);
    // The operation timeout bounds each push.
    const turn = { startedAt: Date.now(), lease: setTimeout(() => end(), this.#operationTimeoutMs) };
    push.turn = turn;
    call.answer({ kind: "turn", waited: call !== justCame, end });
    for (const other of line.pushes) notifyBefore(line, other);
  }

  #end(line: Line<Outcome>, push: Push<Outcome>, turn: Turn, outcome: Outcome | undefined): void {
    if (push.turn !== turn) return;
    clearTimeout(turn.lease);
    push.turn = undefined;
    if (outcome === undefined) {
      // A call that waits for the outcome takes over the turn.
      if (push.calls.length === 0) push.leftAt = Date.now();
    } else {
      const tookMs = Date.now() - turn.startedAt;
      line.pushMs = ewma(line.pushMs ?? tookMs, tookMs);
      line.pushes.splice(line.pushes.indexOf(push), 1);
      for (const { answer, joinedLate } of push.calls) answer({ kind: "outcome", outcome, joinedLate });
    }
    this.#advance(line);
    this.#drop(line);
  }

  #late(line: Line<Outcome>, push: Push<Outcome>, call: Call<Outcome>): void {
    push.calls.splice(push.calls.indexOf(call), 1);
    if (push.calls.length === 0) push.leftAt = Date.now();
    const before = countBefore(line.pushes, push);
    call.answer({ kind: "late", before, retryAfterS: retryAfterS(before, line.pushMs) });
  }

  #dropExpired(now: number): void {
    for (const line of this.#lines.values()) {
      for (const push of line.pushes.filter((one) => isGivenUp(one, now))) {
        line.pushes.splice(line.pushes.indexOf(push), 1);
      }
      this.#drop(line);
    }
  }

  #drop(line: Line<Outcome>): void {
    if (line.pushes.length === 0 && this.#lines.get(line.name) === line) this.#lines.delete(line.name);
  }
}

function newPush<Outcome>(id: string): Push<Outcome> {
  return {
    id,
    calls: [],
    turn: undefined,
    leftAt: undefined,
    get waiting() {
      return this.calls.length;
    },
    get hasTurn() {
      return this.turn !== undefined;
    },
  };
}

function notifyBefore<Outcome>(line: Line<Outcome>, push: Push<Outcome>): void {
  const listeners = push.calls.flatMap(({ onBefore }) => onBefore ?? []);
  if (listeners.length === 0) return;
  const before = countBefore(line.pushes, push);
  for (const onBefore of listeners) onBefore(before);
}
