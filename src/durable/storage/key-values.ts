/** Keys of the pool's state outside its tables; see schema.ts. */
type Name =
  | "pool_id"
  | "reconcile_at"
  | "tend_at"
  | "demand"
  | "starts"
  | "learned"
  | "budget"
  | "budget_told"
  | "top"
  | "promoted"
  | "newest_build";

/** Key-value storage of the pool. Synchronous, like SandboxTable. */
export class KeyValues {
  readonly #sql: SqlStorage;

  constructor(storage: DurableObjectStorage) {
    this.#sql = storage.sql;
  }

  text(name: Name): string | undefined {
    return this.#sql.exec<{ value: string }>("SELECT value FROM setting WHERE name = ?", name).toArray()[0]?.value;
  }

  setText(name: Name, value: string): void {
    this.#sql.exec("INSERT OR REPLACE INTO setting VALUES (?, ?)", name, value);
  }

  /** Unix milliseconds; undefined if unset. */
  time(name: Name): number | undefined {
    const text = this.text(name);
    return text === undefined || text === "" ? undefined : Number(text);
  }

  setTime(name: Name, at: number | undefined): void {
    this.setText(name, at === undefined ? "" : String(at));
  }

  /** Unchecked: the caller validates it (restore… of src/pool). */
  json(name: Name): unknown {
    const text = this.text(name);
    return text === undefined ? undefined : JSON.parse(text);
  }

  setJson(name: Name, value: object): void {
    this.setText(name, JSON.stringify(value));
  }

  /**
   * Returns the id that marks this pool's sandboxes at E2B. Generated once, so that deployments sharing an E2B account
   * do not interfere.
   */
  poolId(): string {
    const known = this.text("pool_id");
    if (known !== undefined) return known;
    const made = crypto.randomUUID();
    this.setText("pool_id", made);
    return made;
  }
}
