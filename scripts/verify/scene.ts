import { randomBytes } from "node:crypto";
import * as z from "zod/v4";
import { clonedSchema, workspaceListSchema } from "../../src/api/schemas.ts";
import { type Answer, problemText } from "../support/client.ts";
import { connect } from "../support/mcp-client.ts";
import type { McpClient } from "../support/mcp-client.ts";
import { problem } from "./problem.ts";
import type { Problem } from "./problem.ts";
import type { Remote } from "./remote.ts";

/** The limits of a run's cost: the number of its workspaces, and the seconds that each runs unless it is ended. */
export const MOST_WORKSPACES = 32;
export const MOST_RUNNING_S = 3600;
/** Longer than an operation may take by default. */
const CALL_TIMEOUT_MS = 330_000;

type Cloned = z.output<typeof clonedSchema>;

export interface SceneOptions {
  readonly url: string;
  readonly key: string;
  /** Keys of the operator and of the scraper; absent: the caller's key, which serves if loopback is open. */
  readonly operatorKey?: string | undefined;
  readonly metricsKey?: string | undefined;
  readonly gitToken?: string | undefined;
  readonly remote: Remote;
  /** Slows the git host down; absent: impossible. */
  readonly slowDown?: ((delayMs: number) => void) | undefined;
  readonly fetcher?: typeof fetch;
  /** Milliseconds within which the service must count and report its operations; absent: 45 s. */
  readonly toldWithinMs?: number;
}

/** A Warmtree, a repository to which it may push, and the resources that a run made in both. */
export class Scene {
  readonly options: SceneOptions;
  readonly remote: Remote;
  /** Identifies this run: part of every agent's and branch's name. */
  readonly nonce = `verify-${randomBytes(5).toString("hex")}`;
  readonly #opened = new Set<string>();
  /** Clones without an answer so far. */
  readonly #pending = new Set<Promise<unknown>>();
  #count = 0;
  #hasEnded = false;
  #main: Cloned | undefined;

  constructor(options: SceneOptions) {
    this.options = options;
    this.remote = options.remote;
  }

  /** Sends a request to the Worker. Returns the text of an answer that is not JSON. */
  async request(method: string, path: string, body?: object, key = this.options.key): Promise<Answer> {
    const { url, fetcher = fetch } = this.options;
    const response = await fetcher(url + path, {
      method,
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${key}`, ...this.tokenHeader() },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
    });
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.includes("json") === true;
    return {
      status: response.status,
      json: isJson ? z.unknown().parse(JSON.parse(text)) : text,
      headers: response.headers,
    };
  }

  call(operation: string, body: object): Promise<Answer> {
    return this.request("POST", `/v1/git/${operation}`, body);
  }

  /** Returns the result. @throws Error with the problem's detail */
  async must<T>(operation: string, body: object, schema: z.ZodType<T>): Promise<T> {
    const { status, json } = await this.call(operation, body);
    if (status !== 200) throw new Error(`${operation} answers ${status}: ${problemText(json)}`);
    return schema.parse(json);
  }

  /** Returns the problem. @throws Error if the operation succeeds, or its answer is not a problem */
  async mustFail(operation: string, body: object): Promise<Problem> {
    const { status, json } = await this.call(operation, body);
    if (status === 200) throw new Error(`${operation} went well, where an error was expected`);
    return problem.parse(json);
  }

  /** Clones as a new agent; the workspace ends with the run at the latest. */
  async clone(agent: string): Promise<Cloned> {
    if (this.#hasEnded) throw new Error("the run has ended");
    if (++this.#count > MOST_WORKSPACES) throw new Error(`more than ${MOST_WORKSPACES} clones were asked for`);
    const cloning = this.must("clone", this.cloneInput(agent), clonedSchema).then((cloned) => {
      this.keep(cloned.sandbox_id);
      return cloned;
    });
    this.#pending.add(cloning);
    return cloning.finally(() => this.#pending.delete(cloning));
  }

  cloneInput(agent: string) {
    return { repo_url: this.remote.url, agent_id: `${this.nonce}-${agent}`, task_id: "t" };
  }

  /** Ends the workspace at the end of the run. */
  keep(sandboxId: string): void {
    this.#opened.add(sandboxId);
  }

  /** Runs `work` with a new workspace, and ends the workspace afterwards. */
  async within<T>(agent: string, work: (cloned: Cloned) => Promise<T>): Promise<T> {
    const cloned = await this.clone(agent);
    return this.ending(cloned.sandbox_id, () => work(cloned));
  }

  /** Ends a workspace after `work`. */
  async ending<T>(sandboxId: string, work: () => Promise<T>): Promise<T> {
    this.keep(sandboxId);
    try {
      return await work();
    } finally {
      await this.#end(sandboxId);
    }
  }

  /** Returns the workspace of all checks that need only one. */
  async main(): Promise<Cloned> {
    return (this.#main ??= await this.clone("main"));
  }

  async workspaces() {
    const { json } = await this.request("GET", "/v1/workspaces");
    return workspaceListSchema.parse(json).workspaces;
  }

  mcp(): Promise<McpClient> {
    const { url, key, fetcher } = this.options;
    return connect(`${url}/mcp`, "2025-11-25", { key, headers: this.tokenHeader(), fetcher });
  }

  tokenHeader(): Record<string, string> {
    const { gitToken } = this.options;
    if (gitToken === undefined) return {};
    const { protocol, host, origin } = new URL(this.remote.url);
    return { "X-Git-Token": `${protocol === "https:" ? host : origin}=${gitToken}` };
  }

  /** Ends all workspaces and deletes all branches of the run. @returns the numbers of those left */
  async end(): Promise<{ workspaces: number; branches: number }> {
    this.#hasEnded = true;
    this.#main = undefined;
    await Promise.allSettled(this.#pending);
    for (const sandboxId of this.#opened) await this.#end(sandboxId);
    return { workspaces: this.#opened.size, branches: await this.remote.deleteBranches(this.nonce) };
  }

  async #end(sandboxId: string): Promise<void> {
    const { status } = await this.request("DELETE", `/v1/workspaces/${sandboxId}`);
    if ([204, 404, 410].includes(status)) this.#opened.delete(sandboxId);
  }
}
