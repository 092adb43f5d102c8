import { RpcTarget } from "cloudflare:workers";
import type { ErrorCode, ErrorDetails } from "../../errors.ts";
import type { Pushed } from "../../ops/push.ts";
import type { Grant } from "../sandboxes/grant.ts";
import { type Entered, PushQueue } from "./push-queue.ts";

export interface PushRequest {
  readonly tenant: string;
  readonly sandboxId: string;
  /** The same for calls that ask for the same push. */
  readonly repeat: string;
  /** Branch of the remote; absent: not known before the sandbox is asked, and nobody is waited for. */
  readonly to?: string;
}

/** What came of a push, for the calls that repeat it. */
export type PushOutcome =
  | { readonly ok: true; readonly value: Pushed }
  | { readonly ok: false; readonly code: ErrorCode; readonly detail: string; readonly details: ErrorDetails };

/** What the pool answers to a push that it knows a sandbox for. */
export type PlaceInLine = { readonly ok: true; readonly grant: Grant } & (
  | { readonly kind: "turn"; readonly waited: boolean; readonly turn: PushTurn }
  | Exclude<Entered<PushOutcome>, { kind: "turn" }>
);

/** A push's turn, in the hands of the Worker that sends it. It ends with that Worker's call, at the latest. */
class PushTurn extends RpcTarget implements Disposable {
  readonly #end: (outcome?: PushOutcome) => void;

  constructor(end: (outcome?: PushOutcome) => void) {
    super();
    this.#end = end;
  }

  end(outcome: PushOutcome): void {
    this.#end(outcome);
  }

  /** Of whoever disposes of it without an outcome nothing is known. */
  [Symbol.dispose](): void {
    this.#end();
  }
}

/** The push queue, as other isolates use it. */
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
    // Who has gone hears nothing more.
    const tell = onBefore && ((before: number) => void onBefore(before).catch(() => undefined));
    const entered = await this.#queue.enter(line, id, tell);
    if (entered.kind !== "turn") return { ok: true, grant, ...entered };
    const { kind, waited, end } = entered;
    return { ok: true, grant, kind, waited, turn: new PushTurn(end) };
  }
}
