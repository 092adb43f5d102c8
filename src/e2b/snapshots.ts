import { apiOf, QUICK, SLOW } from "./api.ts";
import type { E2bConfig } from "./config.ts";
import { SANDBOX_ID, SNAPSHOT_ID } from "./config.ts";
import { E2bError } from "./error.ts";
import { takenSnapshot } from "./schema.ts";

/**
 * `filesystem`: a sandbox created from the snapshot boots from its disk. `full`: the snapshot includes the memory, so
 * processes resume. An API without this choice includes the memory.
 */
export type SnapshotMode = "filesystem" | "full";

/** E2B's snapshots of sandboxes. Every method throws E2bError. */
export interface SnapshotPlane {
  /**
   * Takes a snapshot of a running sandbox, which continues. A repeated name then points to the newer state.
   * @returns the id to create sandboxes from
   */
  take(sandboxId: string, name: string, mode: SnapshotMode): Promise<string>;
  /**
   * Deletes a snapshot, by the result of `take` or by name.
   * @returns false while sandboxes started from it are running or paused: E2B keeps it for them
   */
  delete(snapshot: string): Promise<boolean>;
}

/** Creates a snapshot client for an account. */
export function snapshotPlane(config: E2bConfig, fetcher: typeof fetch = fetch): SnapshotPlane {
  const { forJson, forNothing } = apiOf(config, fetcher);
  return {
    take: async (sandboxId, name, mode) => {
      const path = `/sandboxes/${checked(SANDBOX_ID, sandboxId)}/snapshots`;
      const what = "take a snapshot";
      // Same member `memory` as in a pause request (e2b-dev/E2B, spec/openapi.yml).
      const body = mode === "full" ? { name } : { name, memory: false };
      return forJson({ what, method: "POST", path, body, idempotent: true, ...SLOW }, takenSnapshot);
    },

    delete: async (snapshot) => {
      const path = `/templates/${encodeURIComponent(checked(SNAPSHOT_ID, snapshot))}`;
      try {
        await forNothing({ what: "delete a snapshot", method: "DELETE", path, idempotent: true, ...QUICK });
        return true;
      } catch (error) {
        if (!(error instanceof E2bError)) throw error;
        if (error.code === "not_found") return true;
        if (error.code === "invalid_request" || error.code === "conflict") return false;
        throw error;
      }
    },
  };
}

/** Rejects an id that would break out of its place in the URL. */
function checked(pattern: RegExp, id: string): string {
  if (pattern.test(id)) return id;
  throw new E2bError("invalid_request", "That is no id of E2B's. E2B was not asked.", { started: false });
}
