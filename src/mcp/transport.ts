import { createMcpHandler, type McpServer } from "@modelcontextprotocol/server";
import * as z from "zod/v4";

/** Streamable HTTP asks clients to accept both; some send one, or `*\/*`, and the older protocol would answer them 406. */
const ACCEPT = "application/json, text/event-stream";

/** How a session opens, in the older protocol and in the stateless one. */
const OPENING = z.object({ method: z.enum(["initialize", "server/discover"]) });

/** One POST of MCP's Streamable HTTP, its body read. */
export interface McpPost {
  readonly request: Request;
  readonly body: string;
  /** What the body says; undefined where it is not JSON. */
  readonly message: unknown;
}

export function mcpPost(request: Request, body: string): McpPost {
  try {
    return { request, body, message: JSON.parse(body) };
  } catch {
    return { request, body, message: undefined };
  }
}

export const opensSession = ({ message }: McpPost): boolean => OPENING.safeParse(message).success;

/**
 * Answers in protocol 2026-07-28, or in 2025-11-25 and older by `initialize`, each request on its own. `newServer` is
 * asked for a server when the request turns out to need one.
 */
export function serveMcp({ request, body, message }: McpPost, newServer: () => McpServer): Promise<Response> {
  const { fetch } = createMcpHandler(newServer);
  if (message !== undefined && acceptsBoth(request)) return fetch(request, { parsedBody: message });
  const headers = new Headers(request.headers);
  headers.set("Accept", ACCEPT);
  const options = { method: "POST", headers, signal: request.signal };
  if (message !== undefined) return fetch(new Request(request.url, options), { parsedBody: message });
  // What is no JSON is refused in the protocol's own words.
  return fetch(new Request(request.url, { ...options, body }));
}

function acceptsBoth(request: Request): boolean {
  const accept = request.headers.get("Accept") ?? "";
  return accept.includes("application/json") && accept.includes("text/event-stream");
}
