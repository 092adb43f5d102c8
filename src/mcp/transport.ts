import { createMcpHandler, type McpServer } from "@modelcontextprotocol/server";

/** Streamable HTTP asks clients to accept both; some send one, or `*\/*`, and the older protocol would answer them 406. */
const ACCEPT = "application/json, text/event-stream";

/**
 * Answers one POST of MCP's Streamable HTTP: protocol 2026-07-28, or 2025-11-25 and older by `initialize`, each request
 * on its own. `newServer` is asked for a server when the request turns out to need one.
 */
export function serveMcp(request: Request, maxBodyBytes: number, newServer: () => McpServer): Promise<Response> {
  const { fetch } = createMcpHandler(newServer, { maxRequestBodySize: maxBodyBytes });
  if (acceptsBoth(request)) return fetch(request);
  const headers = new Headers(request.headers);
  headers.set("Accept", ACCEPT);
  return fetch(new Request(request, { headers }));
}

function acceptsBoth(request: Request): boolean {
  const accept = request.headers.get("Accept") ?? "";
  return accept.includes("application/json") && accept.includes("text/event-stream");
}
