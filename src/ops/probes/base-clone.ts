import { failureOf } from "../output/failure.ts";
import { type SandboxTask } from "../operation.ts";
import { MAX_LIST_BYTES } from "../../remote/types.ts";
import type { ScriptOutput } from "../output/script-output.ts";
import { sectionRecords, sectionText } from "../output/sections.ts";
import { assemble } from "../scripts/assemble.ts";
import makeScript from "../scripts/probes/make-base-clone.sh" with { type: "text" };
import stateScript from "../scripts/probes/base-clone-state.sh" with { type: "text" };

/** The clone that a repository snapshot holds. */
interface SeedFacts {
  /** Commit that it is on; null where there is none to be on, and then no seed either. */
  readonly head: string | null;
  /** The remote's default branch, which head was the newest commit of. */
  readonly branch: string | null;
  /** Of its objects. */
  readonly bytes: number;
  /** Its branches and tags, as RemoteRefs lists them; null where there is no seed, or they are too many to be kept. */
  readonly refs: string | null;
}

export interface Seeded extends SeedFacts {
  readonly seconds: number;
}

/** How far the maker is: an alarm asks this when it does not know what became of `seed`. */
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
 * Makes the seed, or brings the one there up to date: a clone with all branches, tags and history, checked out at the
 * remote's default branch. HEAD is detached and there is no local branch, so that any can be made of it. It is worked on
 * beside its place, so what is in place is whole; cut off, the next call starts anew. Not an operation of callers.
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

/** Looks whether the seed is there; one request, no lock held. */
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
