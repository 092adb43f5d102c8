import { doubledTokens, firstFew, lostTokens, pathsOf, removedFrom, wrongNewCommits } from "./commit-rules.ts";
import { changedPaths, type Deed, isSame, ownRefs, trackedBy } from "./deed.ts";

type Wrong = [rule: string, detail: string];

/** Checks the promises of a pull about the workspace's branch. Pure. */
export function wrongPull(deed: Deed): Wrong[] {
  return deed.status === 200 ? wrongSuccess(deed) : wrongRefusal(deed);
}

function wrongSuccess(deed: Deed): Wrong[] {
  const { answer, body, before, after, memory } = deed;
  const { graph } = memory;
  const from = answer.from ?? "";
  const tip = after.remote.branches.get(from);
  const [old, now] = [graph.reach(before.look?.head), graph.reach(after.look.head)];
  const wrong: Wrong[] = [];
  if (answer.head !== after.look.head) {
    wrong.push(["pull-answer", `head is told ${answer.head}, is ${after.look.head}`]);
  }
  if (tip === undefined || !now.has(tip)) {
    wrong.push(["pull-not-current", `${from} is at ${tip}, which is not in HEAD`]);
  }
  if (answer.how === "nothing_new" && before.look?.head !== after.look.head) {
    wrong.push(["pull-answer", "nothing_new, and HEAD moved"]);
  }
  if (answer.how === "fast_forward" && after.look.head !== tip) {
    wrong.push(["pull-answer", "fast_forward, and HEAD is not the tip"]);
  }
  const onRemote = graph.reach(...trackedBy(after.look).values());
  const removed = removedFrom(memory, from);
  // If the pull left commits out, the next push replaces the workspace's own branch.
  const anew = answer.left_out === undefined ? new Map<string, string[]>() : graph.tokens(now);
  // If a person has made the same change, in a file that may have others, the commit is not put on top of it.
  const news = Array.from(now).filter((id) => !old.has(id) && memory.personIds.has(id));
  const there = answer.left_out === undefined ? undefined : pathsOf(graph, news);
  const isAnew = (id: string) =>
    Array.from(graph.tokens([id]).keys()).some((token) => token.startsWith("A") && anew.has(token)) ||
    (there !== undefined && Array.from(pathsOf(graph, [id])).every((path) => there.has(path)));
  // Commits that a person took away go, whether or not this workspace had seen them there.
  const gone = memory.removed.get(from);
  const moved = Array.from(old).filter((id) => onRemote.has(id) && !now.has(id) && !gone?.has(id) && !isAnew(id));
  if (moved.length > 0) {
    wrong.push(["id-not-kept", `HEAD lacks ${firstFew(moved.map((id) => graph.name(id)))}, which the remote has`]);
  }
  const kept = Array.from(now).filter((id) => removed.has(id) && !onRemote.has(id));
  if (body["rebase"] !== false && kept.length > 0) {
    wrong.push([
      "removed-not-dropped",
      `HEAD keeps ${firstFew(kept.map((id) => graph.name(id)))}, taken away from ${from}`,
    ]);
  }
  const lost = lostTokens(
    memory,
    Array.from(old).filter((id) => !removed.has(id) && !isAnew(id)),
    now,
  );
  if (lost.length > 0) wrong.push(["own-commit-lost", `HEAD lacks ${firstFew(lost)}`]);
  const doubled = doubledTokens(memory, now);
  if (doubled.length > 0 && doubledTokens(memory, old).length === 0) wrong.push(["commit-doubled", firstFew(doubled)]);
  const fresh = Array.from(now).filter((id) => !old.has(id) && !onRemote.has(id));
  return [...wrong, ...wrongNewCommits(deed, fresh), ...wrongDirty(deed)];
}

/** Uncommitted changes must be as before. */
function wrongDirty({ before, after }: Deed): Wrong[] {
  const { look } = before;
  if (!look) return [];
  const dirty = look.status.entries.map(({ path }) => path);
  const changed = dirty.filter((path) => {
    const [one, other] = [look.files.get(path), after.look.files.get(path)];
    return one && other ? !isSame(one, other) : one !== other;
  });
  return changed.length > 0 ? [["uncommitted-lost", firstFew(changed)]] : [];
}

/** A refused pull must change nothing, except for a requested merge that has begun. */
function wrongRefusal({ answer, before, after, body }: Deed): Wrong[] {
  if (!before.look) return [];
  if (answer.work?.tree === "merging" && body["rebase"] === false) {
    return after.look.unfinished.includes("MERGE_HEAD")
      ? []
      : [["refused-but-done", "told merging, and no merge is open"]];
  }
  const wrong: Wrong[] = [];
  if (answer.code === "dirty_tree" && before.look.status.entries.length === 0) {
    wrong.push(["false-dirty", "nothing is uncommitted"]);
  }
  const changed = changedPaths(before.look.files, after.look.files);
  if (changed.length > 0) wrong.push(["refused-but-done", `files changed: ${firstFew(changed)}`]);
  if (before.look.head !== after.look.head) wrong.push(["refused-but-done", "HEAD moved"]);
  if (ownRefs(before.look) !== ownRefs(after.look)) wrong.push(["refused-but-done", "a branch moved"]);
  if (before.look.staged !== after.look.staged) wrong.push(["refused-but-done", "what is staged changed"]);
  return wrong;
}
