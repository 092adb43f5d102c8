/**
 * `warming`: starting. `warm`: blank, bound to no workspace. `gone`: ended; the row stays for a while to report that.
 */
export const STATES = ["warming", "warm", "bound", "paused", "gone"] as const;
export type State = (typeof STATES)[number];

export interface KnownSandbox {
  readonly sandboxId: string;
  readonly e2bId: string | null;
  readonly state: State;
  /** Whether this object has a start, resume, pause or kill of it in progress. */
  readonly moving: boolean;
}

interface ListedSandbox {
  readonly e2bId: string;
  /** Our handle, from its creation metadata. */
  readonly sandboxId: string | undefined;
  readonly state: "running" | "paused";
}

export type Correction =
  /** Created, but the answer was lost: it belongs to a waiting row. */
  | { readonly action: "adopt"; readonly sandboxId: string; readonly e2bId: string }
  /** No row will ever use it. */
  | { readonly action: "kill"; readonly e2bId: string; readonly sandboxId: string | undefined }
  /** E2B paused it at its own timeout. */
  | { readonly action: "note_paused"; readonly sandboxId: string }
  /** A paused blank sandbox is useless. */
  | { readonly action: "discard"; readonly sandboxId: string }
  /** Our pause had no effect. */
  | { readonly action: "pause"; readonly sandboxId: string }
  /** Not listed: query it by id before treating it as gone. */
  | { readonly action: "verify"; readonly sandboxId: string };

/**
 * Compares the rows with E2B's list of sandboxes under this pool's mark, and returns corrections. Skips rows with a
 * transition in progress. Afterwards every listed sandbox has a row or is killed, and every row's sandbox exists.
 */
export function reconcile(rows: readonly KnownSandbox[], listed: readonly ListedSandbox[]): Correction[] {
  const corrections: Correction[] = [];
  const bySandboxId = new Map(rows.map((row) => [row.sandboxId, row]));
  const adopted = new Set<string>();
  const seen = new Set<string>();
  for (const sandbox of listed) {
    seen.add(sandbox.e2bId);
    const row = sandbox.sandboxId === undefined ? undefined : bySandboxId.get(sandbox.sandboxId);
    if (row?.moving) continue;
    if (row?.e2bId === sandbox.e2bId && row.state !== "gone") {
      if (row.state === "bound" && sandbox.state === "paused") {
        corrections.push({ action: "note_paused", sandboxId: row.sandboxId });
      } else if (row.state === "warm" && sandbox.state === "paused") {
        corrections.push({ action: "discard", sandboxId: row.sandboxId });
      } else if (row.state === "paused" && sandbox.state === "running") {
        corrections.push({ action: "pause", sandboxId: row.sandboxId });
      }
    } else if (row?.state === "warming" && row.e2bId === null && !adopted.has(row.sandboxId)) {
      adopted.add(row.sandboxId);
      corrections.push({ action: "adopt", sandboxId: row.sandboxId, e2bId: sandbox.e2bId });
    } else {
      corrections.push({ action: "kill", e2bId: sandbox.e2bId, sandboxId: sandbox.sandboxId });
    }
  }
  for (const row of rows) {
    const shouldBeThere = row.state === "bound" || row.state === "paused" || row.state === "warm";
    if (shouldBeThere && !row.moving && row.e2bId !== null && !seen.has(row.e2bId)) {
      corrections.push({ action: "verify", sandboxId: row.sandboxId });
    }
  }
  return corrections;
}
