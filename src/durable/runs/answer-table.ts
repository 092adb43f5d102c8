import { beyond } from "../../pool/newest.ts";
import { forgetText, keepText, textOf } from "./tables.ts";

/** How long an answer is stored: one day. */
const KEPT_MS = 24 * 3_600_000;

/** A longer answer is not stored: a repeated request is executed again, which changes nothing. */
const MAX_LENGTH = 2_000_000;
/** Limits on one tenant's answers. */
const MOST = { number: 10_000, bytes: 200_000_000 };

/** A request with an Idempotency-Key. */
export interface KeyedRequest {
  readonly tenant: string;
  /** Digest of the route and the key. */
  readonly name: string;
  /** Digest of the body. */
  readonly digest: string;
  /** Identifies this attempt of the request. */
  readonly holder: string;
  /** How long the request may be in progress. */
  readonly leaseMs: number;
}

export interface KeptAnswer {
  readonly status: number;
  /** Content-Type. */
  readonly type: string;
  readonly body: string;
}

/** State of a request with a key when it arrives. */
export type Met =
  /** Execute the request. `seed` identifies its work: 32 hex digits. */
  | { readonly kind: "begin"; readonly seed: string }
  | { readonly kind: "answer"; readonly answer: KeptAnswer }
  /** The key was used for another request. */
  | { readonly kind: "other" }
  | { readonly kind: "under_way" };

type Row = {
  digest: string;
  seed: string;
  holder: string | null;
  lease_until: number;
  status: number | null;
  type: string | null;
};

/** SQL of the answers to requests with an Idempotency-Key. Needs createTables. */
export class AnswerTable {
  readonly #storage: DurableObjectStorage;
  readonly #sql: SqlStorage;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#sql = storage.sql;
  }

  /** Begins a request, unless it is answered or in progress. */
  meet({ tenant, name, digest, holder, leaseMs }: KeyedRequest, now: number): Met {
    return this.#storage.transactionSync(() => {
      const query = "SELECT digest, seed, holder, lease_until, status, type FROM answer WHERE tenant = ? AND name = ?";
      const [row] = this.#sql.exec<Row>(query, tenant, name).toArray();
      if (row && row.digest !== digest) return { kind: "other" };
      if (row?.holder === null) {
        const answer = {
          status: row.status ?? 0,
          type: row.type ?? "",
          body: textOf(this.#sql, ownerOf(tenant, name)),
        };
        return { kind: "answer", answer };
      }
      if (row && row.holder !== holder && row.lease_until > now) return { kind: "under_way" };
      // Once the row is deleted, a request with this key is a new request.
      const seed = row?.seed ?? crypto.randomUUID().replaceAll("-", "");
      const put = `INSERT OR REPLACE INTO answer (tenant, name, digest, seed, holder, lease_until, delete_at)
        VALUES (?, ?, ?, ?, ?, ?, ?)`;
      this.#sql.exec(put, tenant, name, digest, seed, holder, now + leaseMs, now + KEPT_MS);
      return { kind: "begin", seed };
    });
  }

  /** Ends a request with its answer, or without, so that the client can send it again. */
  settle({ tenant, name, holder }: KeyedRequest, answer: KeptAnswer | undefined, now: number): void {
    this.#storage.transactionSync(() => {
      const where = "WHERE tenant = ? AND name = ? AND holder = ?";
      if (answer === undefined || answer.body.length > MAX_LENGTH) {
        this.#sql.exec(`UPDATE answer SET lease_until = 0 ${where}`, tenant, name, holder);
        return;
      }
      const end = `UPDATE answer SET holder = NULL, status = ?, type = ?, bytes = ?, delete_at = ? ${where}`;
      const { rowsWritten } = this.#sql.exec(
        end,
        answer.status,
        answer.type,
        answer.body.length,
        now + KEPT_MS,
        tenant,
        name,
        holder,
      );
      if (rowsWritten > 0) keepText(this.#sql, ownerOf(tenant, name), answer.body);
    });
  }

  /** Deletes the oldest answers of a tenant above its limits. */
  trim(tenant: string): void {
    const query = "SELECT name, bytes FROM answer WHERE tenant = ? ORDER BY delete_at DESC";
    const answers = this.#sql.exec<{ name: string; bytes: number }>(query, tenant).toArray();
    for (const { name } of beyond(answers, MOST)) this.#delete(tenant, name);
  }

  #delete(tenant: string, name: string): void {
    this.#sql.exec("DELETE FROM answer WHERE tenant = ? AND name = ?", tenant, name);
    forgetText(this.#sql, ownerOf(tenant, name));
  }

  deleteExpired(now: number): void {
    this.#storage.transactionSync(() => {
      const query = "DELETE FROM answer WHERE delete_at <= ? RETURNING tenant, name";
      const gone = this.#sql.exec<{ tenant: string; name: string }>(query, now).toArray();
      for (const { tenant, name } of gone) forgetText(this.#sql, ownerOf(tenant, name));
    });
  }

  nextAt(): number | undefined {
    const { at } = this.#sql.exec<{ at: number | null }>("SELECT MIN(delete_at) AS at FROM answer").one();
    return at ?? undefined;
  }
}

const ownerOf = (tenant: string, name: string) => `answer\n${tenant}\n${name}`;
