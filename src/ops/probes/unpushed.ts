import { failureOf } from "../output/failure.ts";
import type { SandboxTask } from "../operation.ts";
import { sectionText } from "../output/sections.ts";
import { assemble } from "../scripts/assemble.ts";
import unpushedScript from "../scripts/probes/unpushed.sh" with { type: "text" };

/** Not an operation of callers: how many commits whoever ends a workspace would lose. They are on no branch of the remote. */
export const unpushed: SandboxTask<undefined, { readonly commits: number }> = {
  name: "unpushed",
  access: "read",
  shell: "/bin/sh",
  // HEAD may be on no branch, or not there yet.
  script: assemble(unpushedScript),
  plan: () => ({}),
  parse: (result) =>
    failureOf(result) ?? { ok: true, value: { commits: Number.parseInt(sectionText(result.sections, 1), 10) || 0 } },
};
