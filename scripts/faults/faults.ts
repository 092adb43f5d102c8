import type { ErrorCode } from "../../src/errors.ts";
import type { FaultSettings } from "../local-e2b/host.ts";
import { OPERATIONS } from "./rules.ts";
import type { Code, OperationName } from "./rules.ts";
import { crashWorker, gitAsked, pushSent, refusePushes, slowGit, takePushes, vanish } from "./events.ts";
import { killScripts } from "./sandboxes.ts";
import type { Scene } from "./scene.ts";

export interface Fault {
  readonly name: string;
  /** Errors that the fault explains; empty: operations succeed in spite of it. */
  readonly expected: readonly Code[];
  readonly operations: readonly OperationName[];
  /** State of the workspace when the fault begins; absent: running, and for clone there is no workspace yet. */
  readonly workspace?: "runs" | "paused";
  begin(scene: Scene): unknown;
  /** Acts while the operation is running. */
  during?(scene: Scene): Promise<void>;
  /** Runs at the end of the fault, after the faults of both hosts are reset. */
  end?(scene: Scene): Promise<void>;
}

const START = "process.Process/Start";
/** More errors than there are retries. */
const ALWAYS = 1000;
/** Longer than the Worker waits within a call, so the caller gets the error. */
const LONG_WAIT_S = 25;

const LOOKS: readonly OperationName[] = ["status", "diff", "read", "search", "log"];
const REMOTE: readonly OperationName[] = ["clone", "pull", "push"];
const ACROSS: readonly OperationName[] = ["clone", "status", "edit", "pull", "push"];
const IN_WORKSPACE = OPERATIONS.filter((operation) => operation !== "clone");
const CHANGING = OPERATIONS.filter((operation) => !LOOKS.includes(operation));

type Options = Pick<Fault, "workspace" | "during" | "end">;

/** Returns a fault of the sandbox host. */
function hosted(
  name: string,
  settings: FaultSettings,
  operations: readonly OperationName[],
  expected: readonly ErrorCode[] = [],
  options: Options = {},
): Fault {
  return { name, expected, operations, ...options, begin: ({ stack }) => stack.host.faults.set(settings) };
}

interface GitFailure {
  readonly count: number;
  readonly status: number;
  readonly retryAfterS?: number;
}

/** Returns a fault in which the git host answers `count` requests with a status. */
function remote(name: string, fail: GitFailure, expected: readonly Code[]): Fault {
  return { name, expected, operations: REMOTE, begin: ({ stack }) => stack.git.setFaults({ fail }) };
}

const CUT = { cutStreams: { count: 1, afterEvents: 1 } };
const start = (count: number, status?: 429 | 500, retryAfterS?: number): FaultSettings => ({
  sandboxErrors: { count, route: START, ...(status && { status }), ...(retryAfterS !== undefined && { retryAfterS }) },
});
const control = (count: number, status: 429 | 500, retryAfterS?: number): FaultSettings => ({
  controlErrors: { count, status, ...(retryAfterS !== undefined && { retryAfterS }) },
});

const PAUSED = { workspace: "paused" } as const;
const UNAVAILABLE = ["sandbox_unavailable"] as const;

export const FAULTS: readonly Fault[] = [
  hosted("sandbox answers 429 once", start(1, 429, 0), OPERATIONS),
  hosted(`sandbox answers 429, Retry-After ${LONG_WAIT_S}`, start(ALWAYS, 429, LONG_WAIT_S), ACROSS, ["rate_limited"]),
  hosted("sandbox answers 429 for good", start(ALWAYS, 429, 1), ["log", "edit", "push"], ["rate_limited"]),
  hosted("sandbox answers 500 once", start(1, 500), LOOKS),
  hosted("sandbox answers 500 once", start(1, 500), CHANGING, UNAVAILABLE),
  hosted("sandbox answers 500 for good", start(ALWAYS, 500), ACROSS, UNAVAILABLE),
  hosted("connection reset before the answer", start(1), LOOKS),
  hosted("connection reset before the answer", start(1), CHANGING, UNAVAILABLE),
  hosted("stream cut after the start", CUT, LOOKS),
  hosted("stream cut after the start", CUT, CHANGING, UNAVAILABLE),
  {
    name: "sandbox lost while it ran",
    expected: ["workspace_gone"],
    operations: ACROSS,
    begin: vanish,
    workspace: "runs",
  },
  { name: "sandbox lost while paused", expected: ["workspace_gone"], operations: ACROSS, begin: vanish, ...PAUSED },
  hosted("creation hangs, no sandbox", { hangCreates: { count: 1, when: "before" } }, ["clone"], UNAVAILABLE),
  hosted("creation hangs, sandbox made", { hangCreates: { count: 1, when: "after" } }, ["clone"], UNAVAILABLE),
  hosted("resume hangs", { hangConnects: { count: 1 } }, ["push"], UNAVAILABLE, PAUSED),
  hosted("control plane answers 429 once, creation", control(1, 429, 0), ["clone"]),
  hosted("control plane answers 429 once, resume", control(1, 429, 0), ["status", "edit", "push"], [], PAUSED),
  hosted(
    "control plane answers 429 for good, creation",
    control(ALWAYS, 429, LONG_WAIT_S),
    ["clone"],
    ["rate_limited"],
  ),
  hosted(
    "control plane answers 429 for good, resume",
    control(ALWAYS, 429, LONG_WAIT_S),
    ["status", "push"],
    ["rate_limited"],
    PAUSED,
  ),
  hosted("control plane answers 500 once, creation", control(1, 500), ["clone"], UNAVAILABLE),
  hosted("control plane answers 500 once, resume", control(1, 500), ["status", "edit", "push"], [], PAUSED),
  hosted("control plane answers 500 for good, creation", control(ALWAYS, 500), ["clone"], UNAVAILABLE),
  hosted("control plane answers 500 for good, resume", control(ALWAYS, 500), ["status", "push"], UNAVAILABLE, PAUSED),
  hosted("control plane answers 500 for good, workspace runs", control(ALWAYS, 500), IN_WORKSPACE),
  remote("git host answers 503 once", { count: 1, status: 503 }, []),
  remote("git host answers 503, Retry-After 300", { count: ALWAYS, status: 503, retryAfterS: 300 }, [
    "git_unreachable",
  ]),
  remote("git host answers 500 for good", { count: ALWAYS, status: 500 }, ["git_unreachable"]),
  remote("git host answers 403", { count: ALWAYS, status: 403 }, ["git_auth_failed"]),
  {
    name: "hook of the remote refuses",
    expected: ["push_rejected"],
    operations: ["push"],
    begin: refusePushes,
    end: takePushes,
  },
  {
    name: "script killed while it talks to the git host",
    expected: ["sandbox_unavailable"],
    operations: REMOTE,
    begin: slowGit,
    during: (scene) => gitAsked(scene).then(() => killScripts(scene.stack)),
  },
  {
    name: "Worker crashes while git asks the remote",
    expected: ["no answer"],
    operations: REMOTE,
    begin: slowGit,
    during: (scene) => gitAsked(scene).then(() => crashWorker(scene)),
  },
  {
    name: "Worker crashes while the remote takes the push",
    expected: ["no answer"],
    operations: ["push"],
    begin: slowGit,
    during: (scene) => pushSent(scene).then(() => crashWorker(scene)),
  },
];
