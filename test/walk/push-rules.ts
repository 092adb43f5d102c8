import { doubledTokens, firstFew, lostTokens, removedFrom, wrongNewCommits } from "./commit-rules.ts";
import { changedPaths, DEFAULT_BRANCH, type Deed, type Memory, refsText, trackedBy } from "./deed.ts";

type Wrong = [rule: string, detail: string];

/** Checks the promises of a push about the remote. Pure. */
export function wrongPush(deed: Deed): Wrong[] {
  return deed.status === 200 ? wrongSuccess(deed) : wrongRefusal(deed);
}

function wrongSuccess(deed: Deed): Wrong[] {
  const { answer, body, before, after, memory } = deed;
  const { graph } = memory;
  const to = answer.to ?? "";
  const [old, tip] = [before.remote.branches.get(to), after.remote.branches.get(to)];
  const wrong: Wrong[] = [];
  const others = (branches: ReadonlyMap<string, string>) =>
    refsText(new Map([...branches].filter(([name]) => name !== to)));
  if (
    others(before.remote.branches) !== others(after.remote.branches) ||
    refsText(before.remote.tags) !== refsText(after.remote.tags)
  ) {
    wrong.push(["other-ref-changed", `a push to ${to} changed others`]);
  }
  if (tip === undefined || tip !== answer.commit) {
    wrong.push(["push-answer", `${to} is at ${tip}, told ${answer.commit}`]);
  }
  if (answer.pushed !== (old !== tip)) wrong.push(["push-answer", `pushed is told ${answer.pushed}`]);
  // The first push into an empty repository may go to the default branch.
  if (body["to"] === undefined && to === DEFAULT_BRANCH && old !== tip && before.remote.branches.size > 0) {
    wrong.push(["default-without-to", `${to} was pushed to, and nobody asked for it`]);
  }
  const reach = graph.reach(tip);
  if (old !== undefined && !reach.has(old) && answer.replaced !== old) {
    wrong.push(["not-fast-forward", `${to} lost ${graph.name(old)}`]);
  }
  return [...wrong, ...wrongCommits(deed, to, reach), ...wrongRecreated(deed, to, old), ...wrongTree(deed)];
}

function wrongCommits(deed: Deed, to: string, reach: ReadonlySet<string>): Wrong[] {
  const { before, after, memory } = deed;
  const { graph } = memory;
  const onRemote = graph.reach(...before.remote.branches.values());
  const fresh = Array.from(reach).filter((id) => !onRemote.has(id));
  const wrong: Wrong[] = wrongNewCommits(deed, fresh);
  // A root that the remote once had, on a branch that was deleted, is not new.
  const wasSeen = (id: string) => Array.from(memory.seen.values()).some((ids) => ids.has(id));
  const isNewRoot = (id: string) => graph.get(id)?.parents.length === 0 && !wasSeen(id);
  if (onRemote.size > 0 && fresh.some(isNewRoot) && trackedBy(before.look).size > 0) {
    wrong.push(["unrelated-root", "a commit without a parent came to the remote"]);
  }
  const removed = removedFrom(memory, to);
  const wasThere = graph.reach(before.remote.branches.get(to));
  const back = Array.from(reach).filter((id) => removed.has(id) && !wasThere.has(id));
  if (back.length > 0) {
    wrong.push(["removed-comes-back", `${to} has again ${firstFew(back.map((id) => graph.name(id)))}`]);
  }
  const backTokens = new Set(Array.from(graph.tokens(removed).keys()));
  const copies = Array.from(graph.tokens(fresh)).filter(([token]) => backTokens.has(token));
  if (copies.length > 0) {
    wrong.push(["removed-comes-back", `${to} has again, as copies, ${copies.map(([token]) => token).join(", ")}`]);
  }
  const all = graph.reach(...after.remote.branches.values());
  const doubledBefore = new Set(doubledTokens(memory, onRemote));
  const doubled = doubledTokens(memory, all).filter((names) => !doubledBefore.has(names));
  if (doubled.length > 0) wrong.push(["commit-doubled", firstFew(doubled)]);
  const own = graph.reach(before.look?.head, deed.after.look.head);
  const lost = lostTokens(memory, own, reach);
  if (lost.length > 0) wrong.push(["own-commit-lost", `${to} lacks ${firstFew(lost)}`]);
  const tracked = graph.reach(...trackedBy(before.look).values());
  const moved = Array.from(graph.reach(before.look?.head)).filter(
    (id) => onRemote.has(id) && tracked.has(id) && !reach.has(id) && !removed.has(id),
  );
  if (moved.length > 0) wrong.push(["id-not-kept", `${to} lacks ${firstFew(moved.map((id) => graph.name(id)))}`]);
  return wrong;
}

function wrongRecreated({ answer, before, memory }: Deed, to: string, old: string | undefined): Wrong[] {
  const isKnown = trackedBy(before.look).has(to);
  if (old === undefined && isKnown && answer.recreated !== true) {
    return [["recreated-not-told", `${to} had been deleted`]];
  }
  if (answer.recreated === true && (old !== undefined || !memory.seen.has(to))) {
    return [["recreated-not-told", `${to} is told recreated, and was ${old === undefined ? "never seen" : "there"}`]];
  }
  return [];
}

function wrongTree({ answer, body, before, after }: Deed): Wrong[] {
  const { status, head } = after.look;
  const wrong: Wrong[] = [];
  const files = Array.isArray(body["files"]) ? body["files"] : [];
  if (answer.tree === "current" && head !== answer.commit) {
    wrong.push(["push-answer", `tree is told current, HEAD is ${head}`]);
  }
  if (answer.tree === "current" && files.length === 0 && status.entries.length > 0) {
    wrong.push(["push-leaves-changes", firstFew(status.entries.map(({ change, path }) => `${change} ${path}`))]);
  }
  if (answer.tree === "kept" && status.entries.length === 0) wrong.push(["false-kept", "nothing is uncommitted"]);
  if (answer.rebased !== true && answer.merged !== true && before.look) {
    const changed = changedPaths(before.look.files, after.look.files);
    if (changed.length > 0) wrong.push(["push-changes-files", firstFew(changed)]);
  }
  return wrong;
}

/**
 * Returns commits that the workspace saw on a branch that was deleted and made again without them: to it, they are
 * lost.
 */
const remadeWithout = ({ graph, seen }: Memory, branches: ReadonlyMap<string, string>) =>
  Array.from(seen).flatMap(([name, ids]) => {
    const tip = branches.get(name);
    const there = graph.reach(tip);
    return tip === undefined ? [] : Array.from(ids).filter((id) => !there.has(id));
  });

/** A refused push must leave the remote and the files as they were; a commit may stay, on top of the old HEAD. */
function wrongRefusal({ answer, before, after, memory }: Deed): Wrong[] {
  const wrong: Wrong[] = [];
  if (refsText(before.remote.branches) !== refsText(after.remote.branches)) {
    wrong.push(["refused-but-done", `a push that answered ${answer.code} changed the remote`]);
  }
  if (!before.look) return wrong;
  const changed = changedPaths(before.look.files, after.look.files);
  if (changed.length > 0) wrong.push(["refused-but-done", `files changed: ${firstFew(changed)}`]);
  const committed = answer.work?.committed;
  const head = committed ?? before.look.head;
  if (after.look.head !== head) wrong.push(["refused-but-done", `HEAD is ${after.look.head}, told is ${head}`]);
  if (
    committed !== undefined &&
    before.look.head !== undefined &&
    memory.graph.get(committed)?.parents[0] !== before.look.head
  ) {
    wrong.push(["refused-but-done", "the kept commit does not stand on what HEAD was"]);
  }
  if (answer.code === "history_rewritten") {
    // Commits known as taken away from one branch are not sent to another, also after that branch was deleted.
    const gone = Array.from(memory.everRemoved).concat(remadeWithout(memory, after.remote.branches));
    if (gone.length === 0) {
      wrong.push(["false-rewritten", "nobody took anything away"]);
    } else if (!gone.some((id) => JSON.stringify(answer).includes(id.slice(0, 7)))) {
      wrong.push(["rewritten-not-listed", firstFew(gone.map((id) => memory.graph.name(id)))]);
    }
  }
  return wrong;
}
