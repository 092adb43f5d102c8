import { failureOf } from "../output/failure.ts";
import type { SandboxTask } from "../operation.ts";
import { sectionText } from "../output/sections.ts";
import { assemble } from "../scripts/assemble.ts";
import unpushedScript from "../scripts/probes/unpushed.sh" with { type: "text" };

/**
 * Counts the commits that the end of a workspace would lose, as they are on no branch of the remote; not an operation
 * for callers.
 */
export const unpushed: SandboxTask<undefined, { readonly commits: number }> = {
  name: "unpushed",
  access: "read",
  shell: "/bin/sh",
  // HEAD may be detached, or not exist yet.
  script: assemble(unpushedScript),
  plan: () => ({}),
  parse: (result) =>
    failureOf(result) ?? { ok: true, value: { commits: Number.parseInt(sectionText(result.sections, 1), 10) || 0 } },
};
