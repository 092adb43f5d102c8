import { jsonOf } from "./answers.ts";
import { bySchema } from "./by-schema.ts";
import { NoAnswerError } from "./errors.ts";
import { eventsIn } from "./event-stream.ts";
import { backoff, pause } from "./retry.ts";
import type { RunInput } from "./steps.ts";
import type { CallOptions, Result, Transport } from "./transport.ts";

/** A run that continues without a connection. */
export type Run = Result<"GET /v1/runs/{run}">;
export type RunItem = Result<"GET /v1/runs/{run}/items/{item}">;
export type RunStarted = Extract<Result<"POST /v1/run">, { readonly run: string }>;
export type RunStatus = Run["status"];
type EventPage = Result<"GET /v1/runs/{run}/events">;
export type RunEvent = EventPage["events"][number];

export interface StartInput extends RunInput {
  /** Items for each of which all steps run; `$item.name` in a step is a member of the item. */
  readonly for_each?: readonly Readonly<Record<string, string>>[] | undefined;
  /** Address that gets an event when the run has ended. */
  readonly webhook?: string | undefined;
}

export interface EventOptions extends CallOptions {
  /** Id of the last event that the caller has; 0: none. */
  readonly after?: number | undefined;
}

const ENDED: ReadonlySet<RunStatus> = new Set<RunStatus>(["done", "failed", "canceled"]);
/** Longest time that one request waits. */
const WAIT_S = 60;

/** Runs that outlive their connection. */
export class Runs {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Starts a run and returns its id at once. */
  async start(input: StartInput, options: CallOptions = {}): Promise<RunStarted> {
    const given = { ...options, body: { ...input, async: true } };
    // With `async`, the Worker answers with the id.
    return bySchema<RunStarted>(await this.#transport.send("POST /v1/run", given, jsonOf));
  }

  get(run: string, options: CallOptions = {}): Promise<Run> {
    return this.#transport.call("GET /v1/runs/{run}", { ...options, path: { run } });
  }

  /** Resolves with the run when it is done, failed or canceled. Abort `signal` to stop waiting. */
  async wait(run: string, options: CallOptions = {}): Promise<Run> {
    for (;;) {
      const found = await this.#transport.call("GET /v1/runs/{run}", {
        ...options,
        path: { run },
        query: { wait: WAIT_S },
      });
      if (ENDED.has(found.status)) return found;
    }
  }

  list(query: { status?: RunStatus; limit?: number; cursor?: string } = {}, options: CallOptions = {}) {
    return this.#transport.call("GET /v1/runs", { ...options, query });
  }

  /** Returns the steps of one item of a run with for_each. */
  item(run: string, item: number, options: CallOptions = {}): Promise<RunItem> {
    return this.#transport.call("GET /v1/runs/{run}/items/{item}", { ...options, path: { run, item } });
  }

  /** Completes the steps that have begun, and begins no others. */
  cancel(run: string, options: CallOptions = {}): Promise<Run> {
    return this.#transport.call("DELETE /v1/runs/{run}", { ...options, path: { run } });
  }

  /** Continues a run that failed or was canceled. */
  retry(run: string, options: CallOptions = {}): Promise<Run> {
    return this.#transport.call("POST /v1/runs/{run}/retry", { ...options, path: { run } });
  }

  /** Yields every event of a run once, in order, until its end; goes on from the last event after a lost connection. */
  async *events(run: string, { after = 0, ...options }: EventOptions = {}): AsyncGenerator<RunEvent, void, undefined> {
    let cursor = after;
    for (let failures = 0; ;) {
      const before = cursor;
      let cut: NoAnswerError | undefined;
      try {
        for await (const event of this.#streamed(run, cursor, options)) {
          if (event.id <= cursor) continue;
          cursor = event.id;
          yield event;
        }
      } catch (error) {
        options.signal?.throwIfAborted();
        if (!(error instanceof NoAnswerError)) throw error;
        cut = error;
      }
      // A stream that ends may also have been cut: only the service knows whether more events follow.
      if (!cut && (await this.#isEnd(run, cursor, options))) return;
      failures = cursor > before ? 0 : failures + 1;
      if (failures > this.#transport.retries) throw cut ?? new NoAnswerError("the events end before the run");
      if (failures > 0) await pause(backoff(failures - 1), options.signal);
    }
  }

  async *#streamed(run: string, after: number, options: CallOptions): AsyncGenerator<RunEvent, void, undefined> {
    const given = { ...options, path: { run }, query: { after }, events: true };
    const response = await this.#transport.send("GET /v1/runs/{run}/events", given, (answer) => answer);
    for await (const { data } of eventsIn(response)) yield bySchema<RunEvent>(data);
  }

  async #isEnd(run: string, after: number, options: CallOptions): Promise<boolean> {
    const given = { ...options, path: { run }, query: { after } };
    const { ended, events } = await this.#transport.call("GET /v1/runs/{run}/events", given);
    return ended && events.length === 0;
  }
}
