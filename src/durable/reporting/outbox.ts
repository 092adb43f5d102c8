import * as z from "zod/v4";
import { jsonOrUndefined } from "../../e2b/exchange.ts";
import { backoffMs } from "../../pool/backoff.ts";
import { logEvent } from "../../redaction/log-line.ts";
import { type Emission, webhookEvent } from "../../webhooks/events.ts";

/** Events per alarm, to bound its duration; the rest stay due at once. */
const BATCH = 24;

/** What the Webhooks object made of an event. */
type Taken = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/** An event as `add` wrote it. */
const writtenEvent = webhookEvent.and(z.object({ url: z.string().exactOptional() }));
/** What tells which event it was. */
const names = z.object({ tenant: z.string(), id: z.string(), type: z.string() }).partial().catch({});

type OutboxRow = { number: number; event: string; failures: number };

export interface OutboxOptions {
  /** False: there are no webhooks, so nothing is kept. */
  readonly isOpen: boolean;
  /** Hands an event to the Webhooks object, which takes it once however often it is told. */
  readonly send: (event: Emission) => Promise<Taken>;
}

/**
 * Events of an object on their way to the Webhooks object. An event is written in the turn that changes its row, so
 * that none is lost, and sent by the alarm, so that nobody waits for it.
 */
export class Outbox {
  readonly #sql: SqlStorage;
  readonly #options: OutboxOptions;

  constructor(storage: DurableObjectStorage, options: OutboxOptions) {
    this.#sql = storage.sql;
    this.#options = options;
  }

  /** Whether events are sent at all. */
  get isOpen(): boolean {
    return this.#options.isOpen;
  }

  /** Writes an event. Call it in the turn of the change that it tells of, before any await. */
  add(event: Emission): void {
    if (!this.isOpen) return;
    this.#sql.exec("INSERT INTO outbox (event, due_at) VALUES (?, ?)", JSON.stringify(event), Date.now());
  }

  /** When the next event is due; undefined: there is none. */
  dueAt(): number | undefined {
    if (!this.isOpen) return undefined;
    return this.#sql.exec<{ at: number | null }>("SELECT MIN(due_at) AS at FROM outbox").one().at ?? undefined;
  }

  /** Sends the events that are due. Never rejects: an event that fails is due again later. */
  async runIfDue(now: number): Promise<void> {
    if ((this.dueAt() ?? Infinity) > now) return;
    const due = this.#sql
      .exec<OutboxRow>(
        "SELECT number, event, failures FROM outbox WHERE due_at <= ? ORDER BY due_at LIMIT ?",
        now,
        BATCH,
      )
      .toArray();
    await Promise.all(due.map((row) => this.#send(row)));
  }

  async #send({ number, event: text, failures: before }: OutboxRow): Promise<void> {
    const event = this.#read(number, text);
    if (!event) return;
    try {
      const taken = await this.#options.send(event);
      this.#delete(number);
      if (!taken.ok) logEvent("warn", { event: "webhook_not_taken", type: event.type, reason: taken.reason });
    } catch (error) {
      const failures = before + 1;
      logEvent("warn", { event: "webhook_emit_failed", failures, error: String(error) });
      const due = Date.now() + backoffMs(failures);
      this.#sql.exec("UPDATE outbox SET due_at = ?, failures = ? WHERE number = ?", due, failures, number);
    }
  }

  /** Reads an event, or deletes it: no further try would read it. */
  #read(number: number, text: string): Emission | undefined {
    const json = jsonOrUndefined(text);
    const { data, error } = writtenEvent.safeParse(json);
    if (data) return data;
    this.#delete(number);
    // Not the whole of it: a URL can hold a secret.
    const reason = error.issues.map(({ path, message }) => `${path.join(".")} ${message}`.trim()).join("; ");
    logEvent("error", { event: "webhook_unreadable", ...names.parse(json), reason });
    return undefined;
  }

  #delete(number: number): void {
    this.#sql.exec("DELETE FROM outbox WHERE number = ?", number);
  }
}
