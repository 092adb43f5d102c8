import { fork } from "node:child_process";
import { Agent, request } from "node:http";
import { join } from "node:path";
import { DEV_KEY } from "../../support/client.ts";
import { endWithParent } from "../../support/processes.ts";
import type { Call } from "./measure.ts";
import type { LeanAnswer, LeanRequest } from "./lean-git.ts";
import { spawnGit } from "./spawn-git.ts";

const PROTOCOL = "2026-07-28";
const META = {
  "io.modelcontextprotocol/protocolVersion": PROTOCOL,
  "io.modelcontextprotocol/clientInfo": { name: "bench", version: "1.0.0" },
  "io.modelcontextprotocol/clientCapabilities": {},
};

/** Arguments of git for the operations that are measured. */
export const GIT = {
  status: ["status", "--porcelain=v2", "--branch", "-z"],
  diff: ["diff"],
  log: ["log", "-z", "--format=%H%x00%P%x00%an%x00%ae%x00%aI%x00%s%x00%b", "--max-count=11"],
} as const;
export type Measured = keyof typeof GIT;

/** Keeps connections open, as a real client does. */
const agent = new Agent({ keepAlive: true });
export const closeConnections = () => agent.destroy();

/** Runs git as a child of this process, as an agent with git installed would. */
export const rawGit =
  (tree: string, args: readonly string[]): Call =>
  () =>
    spawnGit(tree, args);

/** Runs git as a child of a small process. */
export interface LeanGit {
  call(tree: string, args: readonly string[]): Call;
  close(): void;
}

export function startLeanGit(): LeanGit {
  const child = fork(join(import.meta.dirname, "lean-git.ts"));
  endWithParent(child);
  const waiting = new Map<number, (answer: LeanAnswer) => void>();
  child.on("message", (answer: LeanAnswer) => waiting.get(answer.id)?.(answer));
  let lastId = 0;
  const run = async (tree: string, args: readonly string[]): Promise<number> => {
    const id = ++lastId;
    const { ms } = await new Promise<LeanAnswer>((resolve) => {
      waiting.set(id, resolve);
      child.send({ id, tree, args } satisfies LeanRequest);
    });
    waiting.delete(id);
    return ms;
  };
  return { call: (tree, args) => () => run(tree, args), close: () => void child.kill() };
}

function httpCall(url: string, operation: string, input: object): Call {
  return poster(`${url}/v1/git/${operation}`, {}, input);
}

/** Makes a tool call of the stateless protocol, as JSON. */
function mcpCall(url: string, name: string, input: object): Call {
  return mcpRequest(url, "tools/call", { name, arguments: input }, { "Mcp-Name": name });
}

export const mcpToolsList = (url: string): Call => mcpRequest(url, "tools/list", {}, {});

/** The two calls of an operation. log is no tool of its own. */
export function callsOf(
  url: string,
  operation: Measured,
  sandbox_id: string,
): { readonly http: Call; readonly mcp: Call } {
  if (operation !== "log") {
    const input = { sandbox_id };
    return { http: httpCall(url, operation, input), mcp: mcpCall(url, `git_${operation}`, input) };
  }
  const steps = [{ op: "log", limit: 10 }];
  return {
    http: httpCall(url, operation, { sandbox_id, limit: 10 }),
    mcp: mcpCall(url, "git_run", { sandbox_id, steps }),
  };
}

function mcpRequest(url: string, method: string, params: object, headers: Record<string, string>): Call {
  const body = { jsonrpc: "2.0", id: 1, method, params: { ...params, _meta: META } };
  const all = { ...headers, Accept: "application/json, text/event-stream", "MCP-Protocol-Version": PROTOCOL };
  return poster(`${url}/mcp`, { ...all, "Mcp-Method": method }, body);
}

function poster(url: string, headers: Record<string, string>, body: object): Call {
  const bytes = Buffer.from(JSON.stringify(body));
  const options = {
    method: "POST",
    agent,
    headers: {
      "Content-Type": "application/json",
      "Content-Length": bytes.length,
      Authorization: `Bearer ${DEV_KEY}`,
      ...headers,
    },
  };
  return () => {
    const startedAt = performance.now();
    return new Promise((resolve, reject) => {
      const sent = request(url, options, (answer) => {
        let text = "";
        answer.setEncoding("utf8").on("data", (part: string) => (text += part));
        answer.on("end", () => {
          if (answer.statusCode === 200 && !text.includes('"isError":true') && !text.includes('"error":{')) {
            resolve(performance.now() - startedAt);
          } else reject(new Error(`${url} answered ${answer.statusCode}: ${text}`));
        });
        answer.on("error", reject);
      });
      sent.on("error", reject);
      sent.end(bytes);
    });
  };
}
