import type { Runnable } from "./operation.ts";
import { sectionRecords } from "./output.ts";
import { BUSY, SECTION, SUBMODULES } from "./shell.ts";

/** What a workspace's tree holds, as the pool wants to know it before it pauses and after it resumes a sandbox. */
export interface Inspection {
  /** An operation holds the lock: it is not idle. */
  readonly busy: boolean;
  /** Commit that HEAD is on; '' where there is none, or no clone. */
  readonly head: string;
  /** Uncommitted changes, or commits on no branch of the remote. */
  readonly unpushed: boolean;
}

/** Not an operation of callers: the pool's own look, one request, no lock held. */
export const inspect: Runnable<undefined, Inspection> = {
  name: "inspect",
  access: "read",
  shell: "/bin/sh",
  script: `${SECTION}${BUSY}
busy=false head= unpushed=false
if busy; then busy=true; fi
if cd "$tree" 2>/dev/null && [ -e .git ]; then
  head=$(git rev-parse -q --verify HEAD)
  if [ -n "$(git status --porcelain ${SUBMODULES} | head -c 1)" ] || [ -n "$(git rev-list -n 1 --branches HEAD --not --remotes 2>/dev/null)" ]; then unpushed=true; fi
fi
section 1
printf '%s\\0' "$busy" "$head" "$unpushed"
`,
  command: () => ({ args: [] }),
  parse(result) {
    const [busy, head = "", unpushed] = sectionRecords(result.sections, 1);
    // Where nothing could be read there may be something to lose.
    return { ok: true, value: { busy: busy === "true", head, unpushed: unpushed !== "false" } };
  },
};
