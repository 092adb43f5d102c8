import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Stack } from "../../scripts/harness/stack.ts";
import { Graph } from "./graph.ts";
import type { File, Look } from "./look.ts";
import { PERSON_BEGIN } from "./person-scripts.ts";
import { lookAtRemote, type Remote } from "./remote.ts";
import { runBash } from "./run-bash.ts";
import type { Walk } from "./steps.ts";
import type { Tally } from "./tally.ts";

export interface Workspace {
  sandboxId: string;
  /** The working tree, as this machine sees it. */
  repo: string;
  look: Look | undefined;
  /** By branch: commits that the workspace has seen on it at the remote. */
  readonly seen: Map<string, Set<string>>;
  /** Branch of the last conflict that the workspace was told of. */
  conflictOn: string | undefined;
  /** Files in conflict as the merge left them, while the merge is open. */
  openConflicts: ReadonlyMap<string, File | undefined> | undefined;
}

/** The state of one walk: its own remote, its workspaces, the person's clone. */
export interface World {
  readonly stack: Stack;
  readonly name: string;
  readonly folder: string;
  /** The bare repository. */
  readonly bare: string;
  readonly person: string;
  readonly graph: Graph;
  readonly workspaces: Map<number, Workspace>;
  readonly personIds: Set<string>;
  readonly removed: Map<string, Set<string>>;
  readonly everRemoved: Set<string>;
  readonly movedAnew: Set<string>;
  readonly tally: Tally;
  /** Lines for a shell that reproduce the walk. */
  readonly trace: string[];
  remote: Remote;
  turn: number;
  /** Whether every file is read after every step; otherwise one file. */
  readonly isThorough: boolean;
}

/** Files that differ in every property that git reports; three commits, and a branch beside main. */
const FIRST = `
lines() { for n in 1 2 3 4 5 6 7 8 9; do printf '%s line %s%b' "$1" "$n" "$2"; done; }
lines a '\\n' >a.txt; lines b '\\r\\n' >b.txt; lines run '\\n' >run.sh; chmod 755 run.sh
mkdir -p dir/sub 'sp ace'; lines c '\\n' >dir/c.txt; lines d '\\n' >dir/sub/d; lines s '\\n' >'sp ace/x y.txt'
printf 'no end' >end.txt; printf '\\0\\001\\377bin' >bin.dat; : >empty; ln -s a.txt link; echo dash >./--; echo lead >./-dash
git add -A; git commit -q -m 'P0 first'
lines a2 '\\n' >>a.txt; git commit -q -am 'P0 second'
git push -q origin HEAD:refs/heads/feature
lines c2 '\\n' >>dir/c.txt; git commit -q -am 'P0 third'
git push -q origin HEAD:refs/heads/main
`;
const MAKE = `
git init -q --bare -b main --object-format="$1" "$2"
git init -q -b start --object-format="$1" "$3"; cd "$3"; git remote add origin "$2"
if [ "$4" = false ]; then ${FIRST} fi
`;

export async function makeWorld(
  stack: Stack,
  name: string,
  walk: Walk,
  folder: string,
  { tally, isThorough }: Pick<World, "tally" | "isThorough">,
): Promise<World> {
  const [bare, person] = [join(stack.git.root, `${name}.git`), join(folder, "person")];
  mkdirSync(folder, { recursive: true });
  mkdirSync(stack.git.root, { recursive: true });
  const made = await runBash(folder, MAKE, [walk.format, bare, person, String(walk.empty)]);
  if (made.code !== 0) throw new Error(`the remote cannot be made: ${made.stderr}`);
  const graph = new Graph();
  const remote = await lookAtRemote(bare, graph);
  const trace = [
    `git init -q --bare -b main --object-format=${walk.format} "$BARE"; git init -q -b start --object-format=${walk.format} person; cd person; git remote add origin "$BARE"`,
    ...(walk.empty ? [] : [FIRST.trim()]),
    PERSON_BEGIN.trim().replace(/^git fetch.*$/m, (fetch) => `fetch() { ${fetch.replace(" || exit", "")}; }`),
  ];
  return {
    stack,
    name,
    folder,
    bare,
    person,
    graph,
    remote,
    tally,
    isThorough,
    trace,
    workspaces: new Map(),
    personIds: graph.reach(...remote.branches.values()),
    removed: new Map(),
    everRemoved: new Set(),
    movedAnew: new Set(),
    turn: 0,
  };
}

/** Records the commits that the workspace has seen on the remote's branches. */
export function remember({ graph }: World, workspace: Workspace, tracked: ReadonlyMap<string, string>): void {
  for (const [branch, id] of tracked) {
    const seen = workspace.seen.get(branch) ?? new Set();
    // A shallow clone never had the commits below its end (docs/history.md, Limits).
    const had = existsSync(join(workspace.repo, ".git/shallow")) ? [id] : graph.reach(id);
    for (const each of had) seen.add(each);
    workspace.seen.set(branch, seen);
  }
}
