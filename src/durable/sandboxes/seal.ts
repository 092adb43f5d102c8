import { logEvent } from "../../redaction/log-line.ts";
import type { ControlPlane } from "../../e2b/control.ts";
import { E2bError } from "../../e2b/error.ts";
import { GONE, type Outcome } from "./refusal.ts";
import type { Row } from "../storage/row.ts";
import type { SandboxTable } from "../storage/sandbox-table.ts";

/** Restricts sandboxes to one network host, and finds sandboxes that have another rule. */
export class Seal {
  readonly #rows: SandboxTable;
  readonly #plane: ControlPlane;
  /** Host that sandboxes may connect to; undefined: any. */
  readonly host: string | undefined;

  constructor(rows: SandboxTable, plane: ControlPlane, host: string | undefined) {
    this.#rows = rows;
    this.#plane = plane;
    this.host = host;
  }

  /** Value of `sealed_to` for a sandbox with the current rule. */
  get column(): string | null {
    return this.host ?? null;
  }

  isOutdated({ sealed_to }: Row): boolean {
    return sealed_to !== this.column;
  }

  /**
   * Sets the current rule in a running sandbox, by one request, unless it has the rule. If that fails, refuses to use
   * the sandbox. Does not end it, because it may hold the only copy of unpushed work.
   */
  async renew(row: Row): Promise<Outcome> {
    if (!this.isOutdated(row)) return { ok: true, row };
    if (row.e2b_id === null) return GONE;
    try {
      await this.#plane.seal(row.e2b_id, this.host);
    } catch (error) {
      if (!(error instanceof E2bError)) throw error;
      const { sandbox_id } = row;
      logEvent("error", { event: "sandbox_not_sealed", sandbox_id, error: String(error) });
      const detail =
        "E2B did not set the egress rules of this workspace's sandbox (setting SANDBOX_EGRESS), so nothing was done. Try again.";
      const { retryAfterS } = error;
      return { ok: false, code: "sandbox_unavailable", detail, ...(retryAfterS === undefined ? {} : { retryAfterS }) };
    }
    const renewed = this.#rows.transition(row, { sealed_to: this.column });
    return renewed ? { ok: true, row: renewed } : GONE;
  }
}
