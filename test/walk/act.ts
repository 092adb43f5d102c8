import * as z from "zod/v4";
import { callOperation, DEV_KEY } from "../../scripts/support/client.ts";
import { wrongAnswers } from "./answers.ts";
import { wrongAsked } from "./asked.ts";
import { firstFew } from "./commit-rules.ts";
import { type Answered, answeredSchema, type Deed, isSame, LOOK, refsText, trackedBy, type Violation } from "./deed.ts";
import { type Look, lookAt } from "./look.ts";
import { wrongPull } from "./pull-rules.ts";
import { wrongPush } from "./push-rules.ts";
import { lookAtRemote } from "./remote.ts";
import { wrongSearch } from "./search-rule.ts";
import { callLine } from "./trace.ts";
import { wrongWork } from "./work-rules.ts";
import { remember, type Workspace, type World } from "./world.ts";

/** An operation takes milliseconds; one without an answer in this time hangs. */
const ANSWER_WITHIN_MS = 60_000;
/** Operations that talk to the remote, and so may change it. */
const REMOTE_OPERATIONS = ["clone", "pull", "push"];

export interface Act {
  readonly answer: Answered;
  readonly status: number;
  readonly violations: readonly Violation[];
}

/** Calls an operation, looks at everything with plain git, and returns the violations. */
export async function act(world: World, nth: number, operation: string, body: Record<string, unknown>): Promise<Act> {
  const known = world.workspaces.get(nth);
  const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
  const asked =
    operation === "clone"
      ? { ...body, repo_url: `${world.stack.git.url}/${world.name}.git` }
      : { ...body, sandbox_id: known?.sandboxId };
  const { status, json } = await callOperation(world.stack.url, operation, asked, { signal });
  const answer = answeredSchema.parse(json);
  world.tally.operation(operation, status === 200 ? "ok" : (answer.code ?? String(status)));
  world.trace.push(callLine(operation, body, nth, JSON.stringify(json)));
  const violations: Violation[] = [];
  const tell = (wrong: readonly [string, string][], about = operation) =>
    violations.push(...wrong.map(([rule, detail]) => ({ rule, operation: about, detail })));
  if (status >= 500) tell([[`server-error ${kindOf(answer)}`, JSON.stringify(json)]]);
  const workspace = known ?? (await opened(world, nth, answer));
  if (!workspace) return { answer, status, violations };

  const before = { look: workspace.look, remote: world.remote };
  if (REMOTE_OPERATIONS.includes(operation)) world.remote = await lookAtRemote(world.bare, world.graph);
  const look = await lookAt(workspace.repo, `${world.folder}/scratch-${nth}`, world.bare);
  world.graph.add(look.log);
  // A push is judged by the knowledge from before it.
  const seen = new Map(Array.from(workspace.seen, ([branch, ids]) => [branch, new Set(ids)] as const));
  remember(world, workspace, trackedBy(look));
  workspace.look = look;
  if (answer.left_out !== undefined) {
    for (const token of world.graph.tokens(world.graph.reach(look.head)).keys()) world.movedAnew.add(token);
  }
  const memory = { ...world, seen: operation === "push" ? seen : workspace.seen };
  const deed: Deed = { operation, body, status, answer, memory, before, after: { look, remote: world.remote } };
  if (operation === "push") tell(wrongPush(deed));
  else if (operation === "pull") tell(wrongPull(deed));
  else tell(wrongWork(deed));
  if (operation !== "push" && refsText(before.remote.branches) !== refsText(world.remote.branches)) {
    tell([["remote-changed", "only a push may do that"]]);
  }
  if (operation === "search") tell(wrongSearch(look, body, status, json), LOOK);
  if (operation === "push" && status === 200) tell(wrongResolution(workspace, before.look));
  noteConflicts(workspace, look);
  workspace.conflictOn = conflictOf(deed) ?? (REMOTE_OPERATIONS.includes(operation) ? undefined : workspace.conflictOn);
  tell(await wrongAsked(world, nth, workspace, operation, body, { status, json }), LOOK);
  const ask = (name: string, more: object) =>
    callOperation(world.stack.url, name, { ...more, sandbox_id: workspace.sandboxId }, { signal });
  tell(await wrongAnswers(ask, look, world.isThorough ? "all" : world.turn), LOOK);
  return { answer, status, violations };
}

/** Returns an error's text without the names of this case, so that failures of one kind look alike. */
const kindOf = ({ code = "", detail = "" }: Answered) =>
  `${code} ${detail.replaceAll(/'[^']*'|\/\S+|[0-9a-f]{7,}|\d+/g, "_").slice(0, 60)}`;

/** Conflicts that are unchanged must not be committed. */
function wrongResolution({ openConflicts }: Workspace, look: Look | undefined): [string, string][] {
  const untouched = Array.from(openConflicts ?? []).filter(([path, file]) => {
    const now = look?.files.get(path);
    return now && file ? isSame(now, file) : now === file;
  });
  return untouched.length > 0 ? [["unresolved-committed", firstFew(untouched.map(([path]) => path))]] : [];
}

function noteConflicts(workspace: Workspace, { unfinished, status, files }: Look): void {
  if (!unfinished.includes("MERGE_HEAD")) workspace.openConflicts = undefined;
  else {
    const paths = status.entries.filter(({ list }) => list === "conflicts").map(({ path }) => path);
    workspace.openConflicts ??= new Map(paths.map((path) => [path, files.get(path)]));
  }
}

function conflictOf({ answer, body, before, operation }: Deed): string | undefined {
  if (answer.code !== "conflict" && answer.code !== "history_rewritten") return undefined;
  const { branch, upstream } = before.look?.status ?? {};
  const named = body[operation === "push" ? "to" : "from"];
  if (typeof named === "string") return named;
  return operation === "push" ? (branch ?? undefined) : upstream?.replace(/^origin\//, "");
}

const hostedSchema = z.array(z.object({ tree: z.string(), metadata: z.record(z.string(), z.string()) }));

/** Returns the new workspace; undefined if clone made none. */
async function opened(world: World, nth: number, { sandbox_id }: Answered): Promise<Workspace | undefined> {
  if (sandbox_id === undefined) return undefined;
  const hosted = hostedSchema.parse(await (await fetch(`${world.stack.host.url}/_local/sandboxes`)).json());
  const tree = hosted.find(({ metadata }) => metadata["warmtree_sandbox"] === sandbox_id)?.tree;
  if (tree === undefined) throw new Error(`the sandbox host has no ${sandbox_id}`);
  const workspace = {
    sandboxId: sandbox_id,
    repo: `${tree}/home/user/repo`,
    look: undefined,
    seen: new Map(),
    conflictOn: undefined,
    openConflicts: undefined,
  };
  world.workspaces.set(nth, workspace);
  return workspace;
}

/** Pauses, resumes or ends a workspace. */
export async function lifecycle(
  { stack, trace, workspaces }: World,
  nth: number,
  what: "pause" | "resume" | "end",
): Promise<number> {
  const sandboxId = workspaces.get(nth)?.sandboxId;
  const method = { pause: "POST", resume: "GET", end: "DELETE" }[what];
  const url = `${stack.url}/v1/workspaces/${sandboxId}${what === "pause" ? "/pause" : ""}`;
  const { status } = await fetch(url, { method, headers: { Authorization: `Bearer ${DEV_KEY}` } });
  if (what !== "end") {
    trace.push(
      `curl -sS -X ${method} "$URL/v1/workspaces/$ID${nth}${what === "pause" ? "/pause" : ""}" -H 'Authorization: Bearer dev'   # -> ${status}`,
    );
  }
  return status;
}
