import * as z from "zod/v4";
import { jsonOrUndefined } from "../../e2b/exchange.ts";
import { backoffMs } from "../../pool/backoff.ts";
import { logEvent } from "../../redaction/log-line.ts";
import { type Emission, webhookEvent } from "../../webhooks/events.ts";

/** Events per alarm, to bound its duration; the rest stay due at once. */
const BATCH = 24;

/** Response of the Webhooks object to an event. */
type Taken = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/** An event in the form that `add` writes. */
const writtenEvent = webhookEvent.and(z.object({ url: z.string().exactOptional() }));
/** Members that identify an event in the log. */
const names = z.object({ tenant: z.string(), id: z.string(), type: z.string() }).partial().catch({});

type OutboxRow = { number: number; event: string; failures: number };

export interface OutboxOptions {
  /** False: there are no webhooks, so events are not stored. */
  readonly isOpen: boolean;
  /** Sends an event to the Webhooks object, which accepts each event once, despite repeated calls. */
  readonly send: (event: Emission) => Promise<Taken>;
}

/**
 * Events of an object, waiting to be sent to the Webhooks object. An event is written in one transaction with the
 * change of its row, so none is lost. The alarm sends it, so no request waits for it.
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

  /** Writes an event. Call it together with the change that it reports, before any await. */
  add(event: Emission): void {
    if (!this.isOpen) return;
    this.#sql.exec("INSERT INTO outbox (event, due_at) VALUES (?, ?)", JSON.stringify(event), Date.now());
  }

  /** Returns when the next event is due; undefined: there is none. */
  dueAt(): number | undefined {
    if (!this.isOpen) return undefined;
    return this.#sql.exec<{ at: number | null }>("SELECT MIN(due_at) AS at FROM outbox").one().at ?? undefined;
  }

  /** Sends the events that are due. Never rejects: a failed event is due again later. */
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

  /** Parses an event. Deletes an unreadable one, because a retry would not help. */
  #read(number: number, text: string): Emission | undefined {
    const json = jsonOrUndefined(text);
    const { data, error } = writtenEvent.safeParse(json);
    if (data) return data;
    this.#delete(number);
    // Log only the issues, not the event: its URL may contain a secret.
    const reason = error.issues.map(({ path, message }) => `${path.join(".")} ${message}`.trim()).join("; ");
    logEvent("error", { event: "webhook_unreadable", ...names.parse(json), reason });
    return undefined;
  }

  #delete(number: number): void {
    this.#sql.exec("DELETE FROM outbox WHERE number = ?", number);
  }
}
