import { WarmtreeError } from "../../errors.ts";
import { failureOf } from "../output/failure.ts";
import type { SandboxTask } from "../operation.ts";
import type { Parsed, ScriptOutput } from "../output/script-output.ts";
import { sectionRecords } from "../output/sections.ts";
import { assemble } from "../scripts/assemble.ts";
import beforePause from "../scripts/probes/look-before-pause.sh" with { type: "text" };
import afterResume from "../scripts/probes/look-after-resume.sh" with { type: "text" };

/** State of a workspace's tree. */
interface Tree {
  /** Commit of HEAD; '' if there is none, or no clone. */
  readonly head: string;
  /** Uncommitted changes, or commits that are on no branch of the remote. */
  readonly unpushed: boolean;
}

/** Result of the pool's probe before it pauses a sandbox. */
export type Paused = { readonly busy: true } | ({ readonly busy: false } & Tree);

/** Result of the pool's probe after a resume. */
export interface Resumed extends Tree {
  /** Whether the commit of HEAD before the pause can still be reached. */
  readonly kept: boolean;
}

/**
 * The pool's probe before a pause; not an operation for callers. It takes the workspace's lock and keeps it until
 * probeAfterResume frees it, so the pause preserves the state that the probe read
 * (docs/decisions/0017-the-pause-holds-the-lock.md). If the disk has no space for the mark, the probe keeps no lock and
 * prints nothing.
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

/**
 * The pool's probe after a resume, given the commit of HEAD before the pause; not an operation for callers. It frees
 * the lock.
 */
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

/** A probe without output is an error, because the tree may hold work that could be lost. */
function untold(result: ScriptOutput): Parsed<never> {
  return failureOf(result) ?? { ok: false, error: new WarmtreeError("internal", "The sandbox printed no result.") };
}
