import { failureOf, type Reasons } from "../output/failure.ts";
import type { SandboxTask } from "../operation.ts";
import { passSection, type TakeBytes } from "../output/passed-section.ts";
import { sectionRecords } from "../output/sections.ts";
import { assemble } from "../scripts/assemble.ts";
import script from "../scripts/probes/unpushed-work.sh" with { type: "text" };

/** Below the 100 MB that Cloudflare's proxies and R2 take in one request. */
const MAX_WORK_BYTES = 90_000_000;

/** What a tar of unpushed work holds. */
export interface WorkFacts {
  /** Commit of HEAD; '' if there is none. */
  readonly head: string;
  /** Branch of HEAD; '' if it is detached. */
  readonly branch: string;
  /** Size of the bundle in the tar; 0: every commit is on a branch of the remote. */
  readonly bundleBytes: number;
  /** Size of the patch in the tar; 0: nothing is uncommitted. */
  readonly patchBytes: number;
  readonly tarBytes: number;
  /** Commits of the remote that the bundle builds on. */
  readonly bases: readonly string[];
}

/** Receiver of a tar of unpushed work. */
export interface WorkRequest {
  readonly maxBytes?: number;
  /** Called once, before the first byte of the tar. Returns the function that takes the bytes. */
  readonly begin: (facts: WorkFacts) => TakeBytes;
}

const REASONS: Reasons = {
  nothing_unpushed: () => ({
    code: "nothing_unpushed",
    detail: "The workspace has no work that the remote lacks: no commit, no change and no new file.",
  }),
  work_too_large: (bytes) => ({
    code: "too_expensive",
    detail: `The unpushed commits, or the uncommitted changes, are larger than ${Number(bytes) / 1e6} MB. Push the commits, or delete large new files that you do not need.`,
  }),
};

/**
 * Sends the unpushed work of a workspace as a tar: `work.bundle` has the commits that no branch of the remote has,
 * `work.patch` the uncommitted changes and new files, README the way to restore them. Changes nothing in the tree.
 */
export const unpushedWork: SandboxTask<WorkRequest, WorkFacts> = {
  name: "bundle",
  access: "read",
  streams: true,
  shell: "/bin/bash",
  script: assemble(script),
  plan: ({ maxBytes = MAX_WORK_BYTES, begin }) => ({
    env: { IN_MAX_BYTES: String(maxBytes) },
    takeStdout: (nonce) => passSection(2, nonce, (sections) => begin(factsOf(sections))),
  }),
  parse: (result) => failureOf(result, REASONS) ?? { ok: true, value: factsOf(result.sections) },
};

function factsOf(sections: ReadonlyMap<number, Uint8Array>): WorkFacts {
  const [head = "", branch = "", bundle, patch, tar, ...bases] = sectionRecords(sections, 1);
  return {
    head,
    branch,
    bundleBytes: Number(bundle) || 0,
    patchBytes: Number(patch) || 0,
    tarBytes: Number(tar) || 0,
    bases,
  };
}
