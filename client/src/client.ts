import { OPERATIONS, type Operations } from "./generated.ts";
import { Runs } from "./runs.ts";
import { type Operation, type RunInput, type RunOptions, type RunResult, runSteps, type Step } from "./steps.ts";
import { type CallOptions, type ClientOptions, type Result, Transport } from "./transport.ts";
import { type Webhooks, webhooksOf } from "./webhooks.ts";

/** A method for each operation. */
export type Git = {
  readonly [Op in Operation]: (
    input: Operations[Op]["input"],
    options?: CallOptions,
  ) => Promise<Operations[Op]["result"]>;
};

export type Workspace = Result<"GET /v1/workspaces/{sandbox_id}">;

export interface Workspaces {
  list(options?: CallOptions): Promise<Result<"GET /v1/workspaces">>;
  /** Resumes the workspace if it is paused. */
  get(sandbox_id: string, options?: CallOptions): Promise<Workspace>;
  pause(sandbox_id: string, options?: CallOptions): Promise<void>;
  /** Ends the workspace. Unpushed work is lost. */
  end(sandbox_id: string, options?: CallOptions): Promise<void>;
  /** Returns the unpushed work as a tar. */
  bundle(sandbox_id: string, options?: CallOptions): Promise<Response>;
}

export interface Client {
  readonly git: Git;
  /** Runs several steps in one request. A failed step does not reject the call: check `ok`. */
  run<const Steps extends readonly Step[]>(input: RunInput<Steps>, options?: RunOptions): Promise<RunResult<Steps>>;
  /** Runs that outlive their connection. */
  readonly runs: Runs;
  readonly workspaces: Workspaces;
  readonly webhooks: Webhooks;
  /** Calls any route by its name in the OpenAPI document: `raw("GET /v1/policy")`. */
  readonly raw: Transport["call"];
}

/** Returns a client of one Warmtree, with the key of one tenant. The client keeps no connection and no state. */
export function createClient(options: ClientOptions): Client {
  const transport = new Transport(options);
  const { call } = transport;
  const git = OPERATIONS.map((name) => [
    name,
    (body: never, given: CallOptions = {}) => call(`POST /v1/git/${name}`, { ...given, body }),
  ]);
  return {
    // Has one method for each name in the list from which the type is generated.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    git: Object.fromEntries(git) as Git,
    run: (input, given) => runSteps(transport, input, given),
    runs: new Runs(transport),
    workspaces: {
      list: (given = {}) => call("GET /v1/workspaces", given),
      get: (sandbox_id, given = {}) => call("GET /v1/workspaces/{sandbox_id}", { ...given, path: { sandbox_id } }),
      pause: (sandbox_id, given = {}) =>
        call("POST /v1/workspaces/{sandbox_id}/pause", { ...given, path: { sandbox_id } }),
      end: (sandbox_id, given = {}) => call("DELETE /v1/workspaces/{sandbox_id}", { ...given, path: { sandbox_id } }),
      bundle: (sandbox_id, given = {}) =>
        call("GET /v1/workspaces/{sandbox_id}/bundle", { ...given, path: { sandbox_id } }),
    },
    webhooks: webhooksOf(transport),
    raw: call,
  };
}
