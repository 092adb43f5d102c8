import { createMcpHandler, type McpServer } from "@modelcontextprotocol/server";
import * as z from "zod/v4";

/**
 * Streamable HTTP requires clients to accept both types. Some send one, or `*\/*`; the older protocol would answer 406.
 */
const ACCEPT = "application/json, text/event-stream";

/** Requests that open a session, in the older protocol and in the stateless one. */
const OPENING = z.object({ method: z.enum(["initialize", "server/discover"]) });

/** One POST of MCP's Streamable HTTP, with its body. */
export interface McpPost {
  readonly request: Request;
  readonly body: string;
  /** Parsed body; undefined if it is not JSON. */
  readonly message: unknown;
}

/** Parses the body of a POST. */
export function mcpPost(request: Request, body: string): McpPost {
  try {
    return { request, body, message: JSON.parse(body) };
  } catch {
    return { request, body, message: undefined };
  }
}

/** Whether a request opens a session. */
export const opensSession = ({ message }: McpPost): boolean => OPENING.safeParse(message).success;

/**
 * Serves one request on its own, in protocol 2026-07-28, or by `initialize` in 2025-11-25 and older. Calls `newServer`
 * only if the request needs a server.
 */
export function serveMcp({ request, body, message }: McpPost, newServer: () => McpServer): Promise<Response> {
  const { fetch } = createMcpHandler(newServer);
  if (message !== undefined && acceptsBoth(request)) return fetch(request, { parsedBody: message });
  const headers = new Headers(request.headers);
  headers.set("Accept", ACCEPT);
  const options = { method: "POST", headers, signal: request.signal };
  if (message !== undefined) return fetch(new Request(request.url, options), { parsedBody: message });
  // Invalid JSON is rejected by the protocol handler.
  return fetch(new Request(request.url, { ...options, body }));
}

function acceptsBoth(request: Request): boolean {
  const accept = request.headers.get("Accept") ?? "";
  return accept.includes("application/json") && accept.includes("text/event-stream");
}
