import { type CallToolRequestOptions, Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import * as z from "zod/v4";
import { DEV_KEY } from "./client.ts";

/** The ways in which a client connects: with `initialize`, or by the stateless protocol. */
export const ERAS = ["2025-11-25", "2026-07-28"] as const;
export type Era = (typeof ERAS)[number];

interface Answered {
  readonly isError: boolean;
  /** Parsed JSON of the only text block. */
  readonly facts: Facts;
  readonly text: string;
}

/** Loose: each caller checks the fields that it needs. */
const factsSchema = z.looseObject({
  sandbox_id: z.string().optional(),
  untracked: z.array(z.string()).optional(),
});
type Facts = z.output<typeof factsSchema>;

export interface McpClient {
  readonly client: Client;
  /** Calls a tool. Throws if the answer is not one block of JSON. */
  readonly call: (name: string, input: object, options?: CallToolRequestOptions) => Promise<Answered>;
  /** Calls a tool and returns its facts; throws if the tool failed. */
  readonly facts: (name: string, input: object) => Promise<Facts>;
}

const contentSchema = z.tuple([z.object({ type: z.literal("text"), text: z.string() })]);

interface ConnectOptions {
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly fetcher?: typeof fetch | undefined;
}

/** Returns the official client, connected. */
export async function connect(
  url: string,
  era: Era,
  { key = DEV_KEY, headers = {}, fetcher }: ConnectOptions = {},
): Promise<McpClient> {
  const negotiation = era === "2026-07-28" ? { versionNegotiation: { mode: { pin: era } } } : {};
  const client = new Client({ name: "warmtree-client", version: "1.0.0" }, negotiation);
  const requestInit = { headers: { ...headers, Authorization: `Bearer ${key}` } };
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
