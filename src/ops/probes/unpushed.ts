import { failureOf } from "../output/failure.ts";
import type { Runnable } from "../operation.ts";
import { sectionText } from "../output/sections.ts";
import { ENTER, FAIL, SECTION } from "../shell.ts";

/** Not an operation of callers: how many commits whoever ends a workspace would lose. They are on no branch of the remote. */
export const unpushed: Runnable<undefined, { readonly commits: number }> = {
  name: "unpushed",
  access: "read",
  shell: "/bin/sh",
  // HEAD may be on no branch, or not there yet.
  script: `${SECTION}${FAIL}${ENTER}
section 1
git rev-list --count --branches $(git rev-parse -q --verify HEAD) --not --remotes -- || fail git
`,
  command: () => ({ args: [] }),
  parse: (result) =>
    failureOf(result) ?? { ok: true, value: { commits: Number.parseInt(sectionText(result.sections, 1), 10) || 0 } },
};
