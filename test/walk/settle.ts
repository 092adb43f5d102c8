import { act } from "./act.ts";
import type { Violation } from "./deed.ts";
import type { Special } from "./steps.ts";
import type { Workspace, World } from "./world.ts";

type Settle = Extract<Special, { kind: "settle" }>;

/**
 * Ends a conflict as an agent does: gives up what is open (`restore`), or merges what it conflicts with, edits the files
 * and pushes. Where there is no conflict, nothing is done.
 */
export async function settle(
  world: World,
  nth: number,
  workspace: Workspace,
  { how, token }: Settle,
): Promise<readonly Violation[]> {
  const found: Violation[] = [];
  const call = async (operation: string, body: Record<string, unknown>) => {
    const done = await act(world, nth, operation, body);
    found.push(...done.violations);
    return done;
  };
  const isOpen = () => (workspace.look?.unfinished.length ?? 0) > 0;
  const to = workspace.conflictOn;
  if (!isOpen() && to === undefined) return [];
  if (how === "restore") {
    await call("restore", { all: true });
    workspace.conflictOn = undefined;
    return found;
  }
  if (!isOpen()) {
    // Changes that are not committed would be in the way of a merge.
    const upstream = workspace.look?.status.upstream?.replace(/^origin\//, "");
    await call("pull", { rebase: false, ...(to === upstream ? {} : { from: to }) });
    if (found.length > 0) return found;
  }
  if (isOpen()) {
    const entries = workspace.look?.status.entries.filter(({ list }) => list === "conflicts") ?? [];
    const files = entries.map(({ path }) => ({ path, content: `settled by ${token}\n` }));
    if (files.length > 0) await call("edit", { files });
    if (found.length > 0) return found;
  }
  await call("push", { message: `${token} settles`, ...(to === undefined ? {} : { to }) });
  return found;
}
