/** `warming`: being started. `warm`: blank, bound to nobody. `gone`: ended; the row stays a while to say so. */
export const STATES = ["warming", "warm", "bound", "paused", "gone"] as const;
export type State = (typeof STATES)[number];

export interface KnownSandbox {
  readonly sandboxId: string;
  readonly e2bId: string | null;
  readonly state: State;
  /** A start, resume, pause or kill of it is under way in this very object. */
  readonly moving: boolean;
}

interface ListedSandbox {
  readonly e2bId: string;
  /** Our handle, from the metadata it was created with. */
  readonly sandboxId: string | undefined;
  readonly state: "running" | "paused";
}

export type Correction =
  /** It was made, but the answer never reached us: it is the one that row waits for. */
  | { readonly action: "adopt"; readonly sandboxId: string; readonly e2bId: string }
  /** Nobody will ever use it. */
  | { readonly action: "kill"; readonly e2bId: string; readonly sandboxId: string | undefined }
  /** E2B paused it by its own timeout. */
  | { readonly action: "note_paused"; readonly sandboxId: string }
  /** A blank sandbox that does not run is of no use. */
  | { readonly action: "discard"; readonly sandboxId: string }
  /** Our pause did not take. */
  | { readonly action: "pause"; readonly sandboxId: string }
  /** Not in the list: ask for it by id before believing that it is gone. */
  | { readonly action: "verify"; readonly sandboxId: string };

/**
 * Holds the rows against E2B's list of the sandboxes that carry this pool's mark, and says what to mend. What is moving
 * is left to its mover. Both directions: every listed sandbox ends up in a row or killed, every row's sandbox is real.
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
