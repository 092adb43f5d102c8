import { PERSON_BEGIN, PERSON_SCRIPTS } from "./person-scripts.ts";
import { lookAtRemote, type Remote } from "./remote.ts";
import { runBash } from "./run-bash.ts";
import type { PersonStep } from "./steps.ts";
import { quoted } from "./trace.ts";
import type { World } from "./world.ts";

/** Runs an event at the remote, and remembers its effects. */
export async function personDoes(world: World, { event, args }: PersonStep): Promise<void> {
  const script = PERSON_SCRIPTS[event];
  const { stderr } = await runBash(world.person, `${PERSON_BEGIN}${script}`, args);
  const before = world.remote;
  world.remote = await lookAtRemote(world.bare, world.graph);
  const isDone =
    JSON.stringify([...before.branches, ...before.tags]) !==
    JSON.stringify([...world.remote.branches, ...world.remote.tags]);
  world.tally.event(event, isDone ? "done" : "nothing");
  if (isDone) world.trace.push(`fetch; set -- ${args.map(quoted).join(" ")}; ${script}`);
  else if (/^fatal: (?!.*(?:not a valid|bad revision|ambiguous))/m.test(stderr)) {
    world.trace.push(`# the person's ${event}: ${stderr.trim()}`);
  }
  learn(world, before);
}

function learn({ graph, remote, personIds, removed, everRemoved }: World, before: Remote): void {
  const [was, is] = [graph.reach(...before.branches.values()), graph.reach(...remote.branches.values())];
  for (const id of is) if (!was.has(id)) personIds.add(id);
  for (const id of was) if (!is.has(id)) everRemoved.add(id);
  // A branch made again under the name has no connection with the deleted one.
  for (const branch of before.branches.keys()) if (!remote.branches.has(branch)) removed.delete(branch);
  for (const [branch, tip] of remote.branches) {
    const there = graph.reach(tip);
    const gone = removed.get(branch) ?? new Set();
    for (const id of graph.reach(before.branches.get(branch))) if (!there.has(id)) gone.add(id);
    for (const id of there) gone.delete(id);
    removed.set(branch, gone);
  }
}
