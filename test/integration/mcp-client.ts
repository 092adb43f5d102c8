import { type CallToolRequestOptions, Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import * as z from "zod/v4";
import { DEV_KEY } from "../../scripts/support/client.ts";

/** How a client opens: with `initialize`, or by the stateless protocol. */
export const ERAS = ["2025-11-25", "2026-07-28"] as const;
export type Era = (typeof ERAS)[number];

interface Answered {
  readonly isError: boolean;
  /** Of the one text block, parsed. */
  readonly facts: Facts;
  readonly text: string;
}

/** Loose: each test looks at what it is about. */
const factsSchema = z.looseObject({
  sandbox_id: z.string().optional(),
  untracked: z.array(z.string()).optional(),
});
type Facts = z.output<typeof factsSchema>;

export interface McpClient {
  readonly client: Client;
  /** Calls a tool. Throws when the answer is not one block of JSON. */
  readonly call: (name: string, input: object, options?: CallToolRequestOptions) => Promise<Answered>;
  /** As call; throws when the tool failed. */
  readonly facts: (name: string, input: object) => Promise<Facts>;
}

const contentSchema = z.tuple([z.object({ type: z.literal("text"), text: z.string() })]);

/** The official client, connected. `fetch` may be the test's own. */
export async function connect(url: string, era: Era, fetcher?: typeof fetch): Promise<McpClient> {
  const negotiation = era === "2026-07-28" ? { versionNegotiation: { mode: { pin: era } } } : {};
  const client = new Client({ name: "warmtree-test", version: "1.0.0" }, negotiation);
  const requestInit = { headers: { Authorization: `Bearer ${DEV_KEY}` } };
  await client.connect(
    new StreamableHTTPClientTransport(new URL(url), { requestInit, ...(fetcher && { fetch: fetcher }) }),
  );
  const call: McpClient["call"] = async (name, input, options) => {
    const result = await client.callTool({ name, arguments: { ...input } }, options);
    const [{ text }] = contentSchema.parse(result.content);
    return { isError: result.isError === true, text, facts: factsSchema.parse(JSON.parse(text)) };
  };
  return {
    client,
    call,
    facts: async (name, input) => {
      const { isError, facts, text } = await call(name, input);
      if (isError) throw new Error(`${name} failed: ${text}`);
      return facts;
    },
  };
}

/** A JSON-RPC message as a client without a library sends it. */
export function post(url: string, message: object, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  return fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${DEV_KEY}`, ...headers },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, ...message }),
  });
}
