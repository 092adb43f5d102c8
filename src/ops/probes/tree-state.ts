import { WarmtreeError } from "../../errors.ts";
import { failureOf } from "../output/failure.ts";
import type { SandboxTask } from "../operation.ts";
import type { Parsed, ScriptOutput } from "../output/script-output.ts";
import { sectionRecords } from "../output/sections.ts";
import { assemble } from "../scripts/assemble.ts";
import beforePause from "../scripts/probes/look-before-pause.sh" with { type: "text" };
import afterResume from "../scripts/probes/look-after-resume.sh" with { type: "text" };

/** What a workspace's tree holds. */
interface Tree {
  /** Commit that HEAD is on; '' where there is none, or no clone. */
  readonly head: string;
  /** Uncommitted changes, or commits on no branch of the remote. */
  readonly unpushed: boolean;
}

/** What the pool finds before it pauses a sandbox. */
export type Paused = { readonly busy: true } | ({ readonly busy: false } & Tree);

/** What the pool finds after a resume. */
export interface Resumed extends Tree {
  /** Whether the commit that it was paused on can still be reached. */
  readonly kept: boolean;
}

/**
 * Not an operation of callers: the pool's look before a pause. From the look on it holds the workspace's lock, until
 * probeAfterResume frees it, so what it finds is what is paused (docs/decisions/0017-the-pause-holds-the-lock.md). Where the
 * disk has no place for the mark, nothing is held and nothing told.
 */
export const probeBeforePause: SandboxTask<undefined, Paused> = {
  name: "inspect",
  access: "read",
  shell: "/bin/bash",
  script: assemble(beforePause),
  plan: () => ({}),
  parse(result) {
    const [busy, head = "", unpushed] = sectionRecords(result.sections, 1);
    if (busy === "true") return { ok: true, value: { busy: true } };
    return busy === "false"
      ? { ok: true, value: { busy: false, head, unpushed: unpushed !== "false" } }
      : untold(result);
  },
};

/** Not an operation of callers: what came back from a pause, given the commit that was paused. The lock is free then. */
export const probeAfterResume: SandboxTask<{ readonly head: string }, Resumed> = {
  name: "inspect",
  access: "read",
  shell: "/bin/bash",
  script: assemble(afterResume),
  plan: ({ head }) => ({ env: { IN_HEAD: head } }),
  parse(result) {
    const [head = "", unpushed, kept] = sectionRecords(result.sections, 1);
    if (kept === undefined) return untold(result);
    return { ok: true, value: { head, unpushed: unpushed !== "false", kept: kept === "true" } };
  },
};

/** Where nothing could be read there may be something to lose. */
function untold(result: ScriptOutput): Parsed<never> {
  return failureOf(result) ?? { ok: false, error: new WarmtreeError("internal", "The sandbox printed no result.") };
}
