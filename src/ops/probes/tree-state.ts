import { WarmtreeError } from "../../errors.ts";
import { failureOf } from "../output/failure.ts";
import type { Runnable } from "../operation.ts";
import type { Parsed, ScriptOutput } from "../output/script-output.ts";
import { sectionRecords } from "../output/sections.ts";
import { BUSY, HOLD, SECTION, SUBMODULES } from "../shell.ts";

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

/** E2B gives a pause up after 70 s, and the pool after 90; a holder that nobody frees lets go by itself. */
const PAUSE_HOLD_S = 120;
/** What rewrites the index holds the lock for as long as a look at the tree takes. */
const SETTLED_WITHIN_S = 5;

/** Wakes the holder of an earlier look, which lets go. */
const FREE = `
if [ -p "$wt/pausing" ]; then echo 1<>"$wt/pausing"; fi
`;

const TREE = `
# A daemon of git's would hold the lock on.
git() { command git "$@" 8>&- 9>&-; }
tree_state() {
  head= unpushed=false
  if cd "$tree" 2>/dev/null && [ -e .git ]; then
    head=$(git rev-parse -q --verify HEAD)
    if [ -n "$(git status --porcelain ${SUBMODULES} | head -c 1)" ] || [ -n "$(git rev-list -n 1 --branches HEAD --not --remotes -- 2>/dev/null)" ]; then unpushed=true; fi
  fi
}
`;

/**
 * Not an operation of callers: the pool's look before a pause. From the look on it holds the workspace's lock, until
 * lookAfterResume frees it, so what it finds is what is paused (docs/decisions/0017-the-pause-holds-the-lock.md). Where the
 * disk has no place for the mark, nothing is held and nothing told.
 */
export const lookBeforePause: Runnable<undefined, Paused> = {
  name: "inspect",
  access: "read",
  shell: "/bin/bash",
  script: `${SECTION}${BUSY}${TREE}
say() { section 1; printf '%s\\0' "$@"; exit; }
[ -d "$wt" ] || mkdir -p "$wt"
if busy; then say true; fi
# Of a pause that failed.
${FREE}WT_LOCK_WAIT_S=${SETTLED_WITHIN_S}
{ ${HOLD}
} || say true
rm -f "$wt/pausing"
mkfifo "$wt/pausing" && exec 8<>"$wt/pausing" && echo "$WT_NONCE" >"$wt/holds" || exit
tree_state
( read -r -t ${PAUSE_HOLD_S} <&8; rm -f "$wt/pausing" ) </dev/null >/dev/null 2>&1 &
say false "$head" "$unpushed"
`,
  command: () => ({ args: [] }),
  parse(result) {
    const [busy, head = "", unpushed] = sectionRecords(result.sections, 1);
    if (busy === "true") return { ok: true, value: { busy: true } };
    return busy === "false"
      ? { ok: true, value: { busy: false, head, unpushed: unpushed !== "false" } }
      : untold(result);
  },
};

/** Not an operation of callers: what came back from a pause, given the commit that was paused. The lock is free then. */
export const lookAfterResume: Runnable<{ readonly head: string }, Resumed> = {
  name: "inspect",
  access: "read",
  shell: "/bin/bash",
  script: `${SECTION}${TREE}
tree_state
kept=true
if [ -n "$1" ] && [ "$1" != "$head" ] && [ -n "$(git rev-list -n 1 "$1" --not HEAD --branches --remotes -- 2>&1)" ]; then kept=false; fi
${FREE}rm -f "$wt/pausing"
section 1
printf '%s\\0' "$head" "$unpushed" "$kept"
`,
  command: ({ head }) => ({ args: [head] }),
  parse(result) {
    const [head = "", unpushed, kept] = sectionRecords(result.sections, 1);
    if (kept === undefined) return untold(result);
    return { ok: true, value: { head, unpushed: unpushed !== "false", kept: kept === "true" } };
  },
};

/** Where nothing could be read there may be something to lose. */
function untold(result: ScriptOutput): Parsed<never> {
  return failureOf(result) ?? { ok: false, error: new WarmtreeError("internal", "The sandbox told nothing.") };
}
