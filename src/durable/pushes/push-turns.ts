import { RpcTarget } from "cloudflare:workers";
import type { ErrorCode, ErrorDetails } from "../../errors.ts";
import type { Pushed } from "../../ops/push.ts";
import type { Grant } from "../sandboxes/grant.ts";
import { type Entered, PushQueue } from "./push-queue.ts";

export interface PushRequest {
  readonly tenant: string;
  readonly sandboxId: string;
  /** Equal for calls that repeat the same push. */
  readonly repeat: string;
  /** Branch at the remote. Absent: unknown before the sandbox runs, so the push does not wait. */
  readonly to?: string;
}

/** Outcome of a push, for calls that repeat it. */
export type PushOutcome =
  | { readonly ok: true; readonly value: Pushed }
  | { readonly ok: false; readonly code: ErrorCode; readonly detail: string; readonly details: ErrorDetails };

/** The pool's answer to a push whose sandbox is known. */
export type PlaceInLine = { readonly ok: true; readonly grant: Grant } & (
  | { readonly kind: "turn"; readonly waited: boolean; readonly turn: PushTurn }
  | Exclude<Entered<PushOutcome>, { kind: "turn" }>
);

/** A push's turn, held by the Worker that sends the push. It ends with that Worker's call at the latest. */
class PushTurn extends RpcTarget implements Disposable {
  readonly #end: (outcome?: PushOutcome) => void;

  constructor(end: (outcome?: PushOutcome) => void) {
    super();
    this.#end = end;
  }

  end(outcome: PushOutcome): void {
    this.#end(outcome);
  }

  /** Disposal without `end` means that the outcome is unknown. */
  [Symbol.dispose](): void {
    this.#end();
  }
}

/** RPC interface of the push queue. */
export class PushTurns {
  readonly #queue: PushQueue<PushOutcome>;

  constructor(operationTimeoutMs: number) {
    this.#queue = new PushQueue(operationTimeoutMs);
  }

  async enter(
    { tenant, sandboxId, repeat, to }: PushRequest,
    repository: string,
    grant: Grant,
    onBefore?: (before: number) => Promise<void>,
  ): Promise<PlaceInLine> {
    const id = `${sandboxId}\n${repeat}`;
    const line = to === undefined ? id : `${tenant}\n${repository}\n${to}`;
    // Ignore errors of callers that have left.
    const notify = onBefore && ((before: number) => void onBefore(before).catch(() => undefined));
    const entered = await this.#queue.enter(line, id, notify);
    if (entered.kind !== "turn") return { ok: true, grant, ...entered };
    const { kind, waited, end } = entered;
    return { ok: true, grant, kind, waited, turn: new PushTurn(end) };
  }
}
