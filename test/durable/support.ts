import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { inject } from "vitest";
import { type Config, configOf } from "../../src/config.ts";
import type { Refusal } from "../../src/durable/sandboxes/refusal.ts";
import type { Grant } from "../../src/durable/sandboxes/grant.ts";
import type { SandboxPool } from "../../src/durable/SandboxPool.ts";
import { controlPlane } from "../../src/e2b/control.ts";
import { runProcess } from "../../src/e2b/process.ts";
import type { Caller } from "../../src/workspace/caller.ts";

export const MINUTE_MS = 60_000;
export const hostUrl = inject("e2bUrl");
const config = { apiKey: "test", apiUrl: hostUrl, sandboxUrl: hostUrl, domain: "e2b.app" };
export const e2b = controlPlane(config);

let shards = 0;
/** Returns the name of a pool object that no other test has seen. */
export const newPoolName = () => String(++shards);
export const newPool = () => env.SANDBOX_POOL.getByName(newPoolName());
export type Pool = ReturnType<typeof newPool>;

/** Returns a Worker's caller whose shards are pools of these tests. */
export function callerOf(tenant: string, pool: Pool, settings: Partial<Config> = {}): Caller {
  const known = { ...configOf(env), poolShards: Number(pool.name) + 1, ...settings };
  return { tenant, env, config: known, waitUntil: () => undefined, cost: { objectCalls: 0, sandboxMs: 0 } };
}

export const workspace = (agentId = "ada", tenant = "acme") => ({
  tenant,
  repository: "github.com/o/r",
  url: "https://github.com/o/r",
  agentId,
  taskId: "t1",
});

export function granted(answer: Grant | Refusal): Grant {
  if (!answer.ok) throw new Error(`${answer.code}: ${answer.detail}`);
  return answer;
}

export async function fault(settings: object): Promise<void> {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${hostUrl}/_local/faults`, { method: "PUT", body: JSON.stringify(settings), headers });
  if (!answer.ok) throw new Error(await answer.text());
}

export async function endFaults(): Promise<void> {
  await fetch(`${hostUrl}/_local/faults`, { method: "DELETE" });
}

interface HostedSandbox {
  readonly sandboxID: string;
  readonly state: string;
  readonly endAt: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Returns every sandbox as the host sees it. */
export async function hostedSandboxes(): Promise<HostedSandbox[]> {
  return (await fetch(`${hostUrl}/_local/sandboxes`)).json();
}

export const sql = (pool: Pool, query: string, ...bindings: (string | number | null)[]) =>
  runInDurableObject(pool, (_: SandboxPool, state) => state.storage.sql.exec(query, ...bindings).toArray());

export const rows = (pool: Pool) =>
  sql(pool, "SELECT sandbox_id, e2b_id, state, tenant, due_at, unpushed FROM sandbox ORDER BY created_at");

export const poolId = async (pool: Pool) =>
  String((await sql(pool, "SELECT value FROM setting WHERE name = 'pool_id'"))[0]?.["value"]);

/** Returns the sandboxes that E2B lists under the pool's mark. */
export const listed = async (pool: Pool) =>
  e2b.list({ metadata: { warmtree_pool: await poolId(pool) }, states: ["running", "paused"] });

/** Returns the same from the host's own list, which is true during faults too: the alarm may work at any time. */
export async function hosted(pool: Pool): Promise<HostedSandbox[]> {
  const mark = await poolId(pool);
  return (await hostedSandboxes()).filter(({ metadata }) => metadata["warmtree_pool"] === mark);
}

/** Runs a script in the sandbox of a grant. */
export async function shell({ session }: Grant, script: string): Promise<void> {
  const request = { cmd: "/bin/bash", args: ["-c", script], envs: {}, timeoutMs: 10_000, maxOutputBytes: 10_000 };
  const { exitCode, stderr } = await runProcess(config, session, request);
  if (exitCode !== 0) throw new Error(stderr);
}

/** Leaves a process that holds the lock for a minute, as an operation does. */
export const HOLDING = `mkdir -p ~/.warmtree && echo open >~/.warmtree/open && exec 9>>~/.warmtree/lock && flock 9 && { sleep 60 >/dev/null 2>&1 & }`;
