import { type Commit, type Graph, tokenOf } from "./graph.ts";
import type { Deed, Memory } from "./deed.ts";

/** Pure rules about commits, for push and pull. Each returns its violations as sentences. */

/** Checks the commits that this call made: own ones (some moved), and merges. */
export function wrongNewCommits(deed: Deed, ids: Iterable<string>): [rule: string, detail: string][] {
  const { graph, personIds } = deed.memory;
  const wrong: [string, string][] = [];
  const olds = graph.tokens(graph.reach(deed.before.look?.head));
  for (const id of ids) {
    const commit = graph.get(id);
    if (!commit || personIds.has(id)) continue;
    const token = tokenOf(commit);
    if (token?.startsWith("P")) wrong.push(["person-commit-copied", `${graph.name(id)} is not the person's own`]);
    if (token === undefined && commit.parents.length < 2) {
      wrong.push(["unknown-commit", `${graph.name(id)} is nobody's`]);
    }
    if (token === undefined) continue;
    const old = olds.get(token)?.[0];
    if (old !== undefined && old !== id) wrong.push(...wrongMove(graph.get(old), commit, graph.name(id)));
  }
  return wrong;
}

/** A moved commit must change no path that it did not change before. */
function wrongMove(old: Commit | undefined, moved: Commit, name: string): [string, string][] {
  if (!old || old.parents.length !== 1 || moved.parents.length !== 1) return [];
  const paths = new Set(old.changes.map(pathOf));
  const others = moved.changes.map(pathOf).filter((path) => !paths.has(path));
  return others.length > 0 ? [["change-altered", `${name} changes ${others.join(", ")}, which it did not before`]] : [];
}

const pathOf = (change: string) => change.split(" ").slice(2).join(" ");

export const pathsOf = (graph: Graph, ids: Iterable<string>): ReadonlySet<string> =>
  new Set(Array.from(changesOf(graph, ids), pathOf));

const changesOf = (graph: Graph, ids: Iterable<string>): ReadonlySet<string> =>
  new Set(Array.from(ids).flatMap((id) => graph.get(id)?.changes ?? []));

/** Whether all changes of a commit are among `changes`. */
const isIn = (graph: Graph, id: string, changes: ReadonlySet<string>): boolean =>
  (graph.get(id)?.changes ?? []).every((change) => changes.has(change));

/**
 * Returns tokens of own commits of `from` that `to` lacks, although they were not taken away and `to` lacks their
 * change.
 */
export function lostTokens({ graph, everRemoved }: Memory, from: Iterable<string>, to: ReadonlySet<string>): string[] {
  const present = graph.tokens(to);
  const there = changesOf(graph, to);
  return Array.from(graph.tokens(from)).flatMap(([token, ids]) => {
    if (!token.startsWith("A") || present.has(token) || ids.some((id) => everRemoved.has(id))) return [];
    return ids.some((id) => isIn(graph, id, there)) ? [] : [token];
  });
}

/** Returns commits of `ids` with the same token. Leaves out commits taken away: they may have another id meanwhile. */
export function doubledTokens({ graph, everRemoved, movedAnew }: Memory, ids: Iterable<string>): string[] {
  return Array.from(graph.tokens(ids)).flatMap(([token, those]) =>
    token.startsWith("A") && those.length > 1 && !movedAnew.has(token) && !those.some((id) => everRemoved.has(id))
      ? [those.map((id) => graph.name(id)).join(" and ")]
      : [],
  );
}

/** Returns the commits that the person forced away from the branch, as far as the workspace has seen them there. */
export function removedFrom({ removed, seen }: Memory, branch: string): Set<string> {
  const known = seen.get(branch);
  return new Set(Array.from(removed.get(branch) ?? []).filter((id) => known?.has(id)));
}

export const firstFew = (names: readonly string[]): string => names.slice(0, 4).join(", ");
