import { failureOf } from "../output/failure.ts";
import { type Runnable } from "../operation.ts";
import { MAX_LIST_BYTES } from "../../remote/types.ts";
import type { ScriptOutput } from "../output/script-output.ts";
import { sectionRecords, sectionText } from "../output/sections.ts";
import { NET } from "../net.ts";
import { BUSY, FAIL, LOCK, SECTION } from "../shell.ts";

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

/** Section 1: commit, branch, kilobytes; section 3: branches and tags. Nothing where there is no seed. */
const FACTS = `
facts() {
  section 1
  if cd "$wt/seed" 2>/dev/null; then
    branch=$(git symbolic-ref -q refs/remotes/origin/HEAD)
    printf '%s\\0' "$(git rev-parse -q --verify HEAD)" "\${branch#refs/remotes/origin/}"
    git count-objects -v | while read -r what kilobytes; do case $what in size:|size-pack:) printf '%s\\0' "$kilobytes";; esac; done
    section 3
    git show-ref
  fi
}
`;

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
export const seed: Runnable<undefined, Seeded> = {
  name: "seed",
  access: "remote",
  shell: "/bin/bash",
  script: `${SECTION}${FAIL}${LOCK}${NET}${FACTS}
SECONDS=0
rm -rf "$wt/new"
brought_up() {
  mv "$wt/seed" "$wt/new" 2>/dev/null && cd "$wt/new" &&
    git config remote.origin.url "$url" &&
    net fetch -q --prune --no-tags --no-write-fetch-head origin '+refs/heads/*:refs/remotes/origin/*' '+refs/tags/*:refs/tags/*' &&
    net remote set-head origin --auto >/dev/null && on_default && git clean -ffdxq && git repack -q -d --geometric=2
}
on_default() { git checkout -q --force --detach refs/remotes/origin/HEAD --; }
if ! brought_up; then
  cd "$HOME" && rm -rf "$wt/new"
  net clone -q --no-checkout --template= --origin origin -- "$url" "$wt/new" || fail git
  cd "$wt/new" || fail internal
  if git rev-parse -q --verify refs/remotes/origin/HEAD >/dev/null; then
    branch=$(git symbolic-ref HEAD)
    on_default && git branch -q -D -- "\${branch#refs/heads/}" || fail git
  fi
fi
if git rev-parse -q --verify refs/remotes/origin/HEAD >/dev/null; then
  rm -rf .git/logs
  # Whoever fetches on top of it goes through the history.
  git commit-graph write --reachable --no-progress || fail git
  # An index as old as its files must read them again to know that they are unchanged; a second later it need not.
  sleep 1.1
  git update-index -q --refresh
  # What a clone made of it would have to make. The tree that the link leads to is not there yet.
  make_net_git || fail internal
  if ! [ -L "$wt/finished" ]; then ln -s ../repo "$wt/finished" || fail internal; fi
  cd "$HOME" && mv "$wt/new" "$wt/seed" || fail internal
else
  cd "$HOME" && rm -rf "$wt/new"
fi
facts
section 2
printf '%s' "$SECONDS"
`,
  command: () => ({ args: [] }),
  parse(result) {
    const failed = failureOf(result);
    if (failed) return failed;
    const seconds = Number(sectionText(result.sections, 2)) || 0;
    return { ok: true, value: { ...readFacts(result), seconds } };
  },
};

/** Looks whether the seed is there; one request, no lock held. */
export const seedState: Runnable<undefined, SeedState> = {
  name: "seed_state",
  access: "read",
  shell: "/bin/sh",
  script: `${SECTION}${BUSY}${FACTS}
if busy; then section 2; else facts; fi
`,
  command: () => ({ args: [] }),
  parse(result) {
    const facts = readFacts(result);
    const still = facts.head === null ? "none" : "ready";
    return { ok: true, value: { state: result.sections.has(2) ? "making" : still, ...facts } };
  },
};
