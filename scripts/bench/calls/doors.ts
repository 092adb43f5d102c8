import type { Stack } from "../../harness/stack.ts";
import { callOperation } from "../../support/client.ts";
import { connect, type McpClient } from "../../support/mcp-client.ts";
import { TOOLS } from "../../../src/mcp/tools.ts";
import type { WrittenCall } from "./written-call.ts";

export interface Answered {
  readonly ok: boolean;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** Calls the product over HTTP, and over MCP with the official client. */
export class Doors {
  readonly stack: Stack;
  readonly repoUrl: string;
  private readonly client: McpClient;

  private constructor(stack: Stack, repoUrl: string, client: McpClient) {
    this.stack = stack;
    this.repoUrl = repoUrl;
    this.client = client;
  }

  static async open(stack: Stack, repoUrl: string): Promise<Doors> {
    return new Doors(stack, repoUrl, await connect(`${stack.url}/mcp`, "2026-07-28"));
  }

  async call(door: WrittenCall["door"], name: string, input: object): Promise<Answered> {
    if (door === "mcp") {
      const { isError, facts } = await this.client.call(name, input);
      return { ok: !isError, facts };
    }
    const { status, json } = await callOperation(this.stack.url, name, input);
    return { ok: status === 200, facts: { ...Object(json) } };
  }

  /** Calls an operation over MCP: with its tool, or as a step. */
  async step(operation: string, input: object): Promise<Answered> {
    const tool = TOOLS.find((each) => each.operation === operation);
    return tool
      ? this.call("mcp", tool.name, input)
      : this.call("mcp", "git_run", { steps: [{ op: operation, ...input }] });
  }

  /** Calls an operation over HTTP; throws if the call fails. */
  async need(operation: string, input: object): Promise<Answered["facts"]> {
    const { ok, facts } = await this.call("http", operation, input);
    if (!ok) throw new Error(`${operation} ${JSON.stringify(input)}: ${JSON.stringify(facts)}`);
    return facts;
  }

  async newWorkspace(task_id: string): Promise<string> {
    const { sandbox_id } = await this.need("clone", { repo_url: this.repoUrl, agent_id: "calls", task_id });
    return String(sandbox_id);
  }

  close(): Promise<void> {
    return this.client.client.close();
  }
}

/** Members of answers that differ between two calls of one meaning. */
const VOLATILE = new Set(["timing", "instance", "ignored", "source", "created"]);

/** Returns an answer as text, without the members that differ between two workspaces in one state. */
export function comparable(answer: Answered, own: Readonly<Record<string, string>>): string {
  const text = JSON.stringify(answer, (name, value: unknown) => (VOLATILE.has(name) ? undefined : value));
  const plain = Object.entries(own).reduce((into, [word, stands]) => into.replaceAll(word, stands), text);
  return plain.replaceAll(/\b[0-9a-f]{40}\b/g, "sha").replaceAll(/\d{4}-\d\d-\d\dT[\d:]+(?:Z|[+-][\d:]+)/g, "time");
}
