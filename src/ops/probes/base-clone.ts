import { failureOf } from "../output/failure.ts";
import { type SandboxTask } from "../operation.ts";
import { MAX_LIST_BYTES } from "../../remote/types.ts";
import type { ScriptOutput } from "../output/script-output.ts";
import { sectionRecords, sectionText } from "../output/sections.ts";
import { assemble } from "../scripts/assemble.ts";
import makeScript from "../scripts/probes/make-base-clone.sh" with { type: "text" };
import stateScript from "../scripts/probes/base-clone-state.sh" with { type: "text" };

/** The clone that a repository snapshot holds (the seed). */
interface SeedFacts {
  /** Commit that is checked out; null if the repository has none, and then there is no seed. */
  readonly head: string | null;
  /** The remote's default branch; head was its newest commit. */
  readonly branch: string | null;
  /** Size of its objects. */
  readonly bytes: number;
  /** Branches and tags in the format of RemoteRefs; null if there is no seed, or if they are too many to keep. */
  readonly refs: string | null;
}

export interface Seeded extends SeedFacts {
  readonly seconds: number;
}

/** Progress of the task that makes the seed. The alarm reads it if the result of `seed` is unknown. */
export interface SeedState extends SeedFacts {
  readonly state: "making" | "ready" | "none";
}

function readFacts({ sections }: ScriptOutput): SeedFacts {
  const [head, branch, ...kilobytes] = sectionRecords(sections, 1);
  const refs = sectionText(sections, 3).trimEnd();
  const bytes = kilobytes.reduce((sum, each) => sum + (Number(each) || 0), 0) * 1024;
  return {
    head: head || null,
    branch: branch || null,
    bytes,
    refs: refs !== "" && refs.length <= MAX_LIST_BYTES ? refs : null,
  };
}

/**
 * Makes the seed, or updates the existing one: a clone with all branches, tags and history, checked out at the remote's
 * default branch. HEAD is detached and there is no local branch, so that a clone can make any branch. The work happens
 * in another folder, so the seed in place is always complete; after a cut-off the next call starts anew. Not an
 * operation for callers.
 */
export const seed: SandboxTask<undefined, Seeded> = {
  name: "seed",
  access: "remote",
  shell: "/bin/bash",
  script: assemble(makeScript),
  plan: () => ({}),
  parse(result) {
    const failed = failureOf(result);
    if (failed) return failed;
    const seconds = Number(sectionText(result.sections, 2)) || 0;
    return { ok: true, value: { ...readFacts(result), seconds } };
  },
};

/** Reads whether the seed exists; one request, without the lock. */
export const seedState: SandboxTask<undefined, SeedState> = {
  name: "seed_state",
  access: "read",
  shell: "/bin/sh",
  script: assemble(stateScript),
  plan: () => ({}),
  parse(result) {
    const facts = readFacts(result);
    const still = facts.head === null ? "none" : "ready";
    return { ok: true, value: { state: result.sections.has(2) ? "making" : still, ...facts } };
  },
};
