import { tmpdir } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { Sandbox } from "e2b";
import * as z from "zod/v4";
import { SANDBOX_MARK } from "../../../src/durable/sandboxes/orphaned-starts.ts";
import type { Cleanups } from "../../support/cleanups.ts";
import { callOperation, DEV_KEY, problemText } from "../../support/client.ts";
import { startHostProcess } from "../../harness/host-process.ts";
import { localBindings } from "../../support/local-services.ts";
import { startWorkerd } from "../../support/workerd.ts";
import { clonedBy } from "./raw.ts";
import type { Cloned, Strategy } from "./strategy.ts";

const answerSchema = z.object({
  sandbox_id: z.string(),
  source: z.string(),
  timing: z.record(z.string(), z.number()).default({}),
});
const snapshotSchema = z.object({ snapshot_id: z.string(), state: z.string() });
const snapshotsSchema = z.object({ snapshots: z.array(snapshotSchema) });
const hostedSchema = z.array(z.object({ state: z.string() }));
const workspacesSchema = z.object({ workspaces: z.array(z.unknown()) });

/** More sandboxes than any bench starts, so that no clone waits for room. */
const MANY_SANDBOXES = "1000";
const LOOK_INTERVAL_MS = 20;

/** Runs the bundled Worker in bare workerd, with a local sandbox host of its own. */
export class Ours {
  readonly #url: string;
  readonly #hostUrl: string;
  /** Whether the host's sandboxes start from snapshots without copying their files, as E2B's do. */
  readonly layered: boolean;
  #agents = 0;

  private constructor(url: string, host: { readonly url: string; readonly layered: boolean }) {
    this.#url = url;
    this.#hostUrl = host.url;
    this.layered = host.layered;
  }

  /**
   * @param gitUrl address of the repositories, through the link
   * @param warm number of sandboxes in the warm pool
   */
  static async start(gitUrl: string, warm: number, cleanups: Cleanups): Promise<Ours> {
    // Other users than root must reach this folder: sandboxes run as a user of their own.
    const host = await startHostProcess(tmpdir(), "auto", cleanups);
    const pool = { POOL_MIN: String(warm), POOL_MAX: String(warm), SNAPSHOT_POLICY: "asked" };
    const bindings = { ...localBindings(host.url, gitUrl), E2B_MAX_SANDBOXES: MANY_SANDBOXES, ...pool };
    const worker = await startWorkerd({ bindings });
    cleanups.add(() => worker.close());
    return new Ours(worker.url, host);
  }

  /** Clones as a new agent each time. */
  cold(url: string, commits: number): Strategy {
    return { name: "ours, cold", clone: () => this.#clone(url, commits, this.#newAgent(), "cold") };
  }

  /** Clones as a new agent with a sandbox from the warm pool, which must be on. */
  pool(url: string, commits: number): Strategy {
    return {
      name: "ours, pool",
      ready: () => this.#warm(),
      clone: () => this.#clone(url, commits, this.#newAgent(), "pool"),
    };
  }

  /** Clones as a new agent from the repository snapshot that makeSnapshot has made. */
  snapshot(name: string, url: string, commits: number): Strategy {
    return { name, clone: () => this.#clone(url, commits, this.#newAgent(), "snapshot") };
  }

  /** Resolves when there is a snapshot of the repository's present state. */
  async makeSnapshot(url: string): Promise<void> {
    const made = snapshotSchema.parse(await this.#api("POST", "/v1/snapshots", { repo_url: url }));
    for (let { state } = made; state !== "ready"; await sleep(LOOK_INTERVAL_MS)) {
      const { snapshots } = snapshotsSchema.parse(await this.#api("GET", "/v1/snapshots"));
      const own = snapshots.find(({ snapshot_id }) => snapshot_id === made.snapshot_id);
      if (own === undefined) throw new Error(`the snapshot of ${url} could not be made`);
      state = own.state;
    }
  }

  /** Clones as an agent that has the clone already. */
  live(url: string, commits: number): Strategy {
    const agent = this.#newAgent();
    return {
      name: "ours, live",
      ready: async () => {
        await this.#ask(url, agent);
      },
      clone: () => this.#clone(url, commits, agent, "live"),
    };
  }

  #newAgent(): string {
    this.#agents += 1;
    return `agent-${this.#agents}`;
  }

  async #clone(url: string, commits: number, agent: string, expected: string): Promise<Cloned> {
    const { sandbox_id, source, timing } = await this.#ask(url, agent);
    if (source !== expected) throw new Error(`a clone came from ${source} where ${expected} was to be measured`);
    return clonedBy((args) => this.#git(sandbox_id, args), commits, timing);
  }

  async #ask(repo_url: string, agent_id: string): Promise<z.infer<typeof answerSchema>> {
    const { status, json } = await callOperation(this.#url, "clone", { repo_url, agent_id, task_id: "bench" });
    if (status !== 200) throw new Error(`clone answered ${status}: ${problemText(json)}`);
    return answerSchema.parse(json);
  }

  async #api(method: "GET" | "POST", path: string, body?: object): Promise<unknown> {
    const headers = { Authorization: `Bearer ${DEV_KEY}`, "Content-Type": "application/json" };
    const init = { method, headers, ...(body && { body: JSON.stringify(body) }) };
    const answer = await fetch(this.#url + path, init);
    const json: unknown = await answer.json();
    if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${problemText(json)}`);
    return json;
  }

  /** Runs git in a workspace's tree, without the product. */
  async #git(workspace: string, args: readonly string[]): Promise<string> {
    const connection = { apiKey: "local", apiUrl: this.#hostUrl, sandboxUrl: this.#hostUrl };
    const query = { metadata: { [SANDBOX_MARK]: workspace } };
    const [found] = await Sandbox.list({ ...connection, query }).nextItems();
    const sandbox = await Sandbox.connect(z.string().parse(found?.sandboxId), connection);
    const words = args.map((word) => `'${word.replaceAll("'", `'\\''`)}'`);
    return (await sandbox.commands.run(`git -C repo ${words.join(" ")}`)).stdout.trimEnd();
  }

  /** Waits until the pool has a sandbox that is bound to no workspace. */
  async #warm(): Promise<void> {
    for (;;) {
      const bound = workspacesSchema.parse(await this.#api("GET", "/v1/workspaces")).workspaces.length;
      const hosted = hostedSchema.parse(await (await fetch(`${this.#hostUrl}/_local/sandboxes`)).json());
      const running = hosted.filter(({ state }) => state === "running").length;
      if (running > bound) return;
      await sleep(LOOK_INTERVAL_MS);
    }
  }
}
