import { act } from "./act.ts";
import { LOOK, type Violation } from "./deed.ts";
import type { Look } from "./look.ts";
import type { Special } from "./steps.ts";
import type { Workspace, World } from "./world.ts";

type Settle = Extract<Special, { kind: "settle" }>;

/**
 * Ends a conflict as an agent does: drops the open merge (`restore`), or merges the conflicting branch, edits the files
 * and pushes. Does nothing without a conflict.
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
    // Uncommitted changes would block the merge.
    const upstream = workspace.look?.status.upstream?.replace(/^origin\//, "");
    await call("pull", { rebase: false, ...(to === upstream ? {} : { from: to }) });
    if (found.some(({ operation }) => operation !== LOOK)) return found;
  }
  const entries = isOpen() ? (workspace.look?.status.entries ?? []) : [];
  const conflicts = entries.filter(({ list }) => list === "conflicts").map(({ path }) => path);
  if (conflicts.length > 0) {
    const files = conflicts.map((path) => settled(path, workspace.look?.files, token));
    const { status } = await call("edit", { files });
    // For example, a folder is in the place of the file: an agent gives up then.
    if (status !== 200) await call("restore", { all: true });
    if (status !== 200 || found.some(({ operation }) => operation !== LOOK)) return found;
  }
  await call("push", { message: `${token} settles`, ...(to === undefined ? {} : { to }) });
  return found;
}

/** An edit writes to files only, so a symlink in conflict is deleted. */
const settled = (path: string, files: Look["files"] | undefined, token: string) =>
  files?.get(path)?.kind === "symlink" ? { path, delete: true } : { path, content: `settled by ${token}\n` };
