import {
  createMcpHandler,
  isLegacyRequest,
  type McpServer,
  WebStandardStreamableHTTPServerTransport,
} from "@modelcontextprotocol/server";
import * as z from "zod/v4";
import { membersOf } from "../execution/one-reading.ts";

/** Streamable HTTP requires clients to accept both types, and the SDK refuses others; many clients name one, or none. */
const ACCEPT = "application/json, text/event-stream";

/** Requests that open a session, in the older protocol and in the stateless one. */
const OPENING = new Set(["initialize", "server/discover"]);

/** Requests that change nothing, which clients send in every session. */
const READING = new Set([
  "ping",
  "notifications/initialized",
  "tools/list",
  "resources/list",
  "resources/templates/list",
  "resources/read",
  "prompts/list",
]);

const MESSAGE = z.object({
  method: z.string(),
  params: z.object({ name: z.string() }).optional().catch(undefined),
});

/** One POST of MCP's Streamable HTTP, with its body. */
export interface McpPost {
  readonly request: Request;
  readonly body: string;
  /** Parsed body; undefined if it is not JSON. */
  readonly message: unknown;
  /** Method of a single message; '' for a batch, which may contain anything, and for a body that is no message. */
  readonly method: string;
  /** Name of the tool that it calls; undefined: it calls none. */
  readonly called: string | undefined;
}

/** Parses the body of a POST. */
export function mcpPost(request: Request, body: string): McpPost {
  const message = messageIn(body);
  const { method = "", params } = MESSAGE.safeParse(message).data ?? {};
  return { request, body, message, method, called: method === "tools/call" ? params?.name : undefined };
}

function messageIn(body: string): unknown {
  try {
    return withArguments(JSON.parse(body));
  } catch {
    return undefined;
  }
}

const ARGUMENTS = z.looseObject({
  method: z.literal("tools/call"),
  params: z.looseObject({ arguments: z.union([z.null(), z.string()]) }),
});

/** Some clients send null for no arguments, or the arguments as the text that their model wrote. */
function withArguments(message: unknown): unknown {
  const { success, data } = ARGUMENTS.safeParse(message);
  if (!success) return message;
  const given = membersOf(data.params.arguments || {});
  return given ? { ...data, params: { ...data.params, arguments: given } } : message;
}

/** Whether a request opens a session. */
export const opensSession = ({ method }: McpPost): boolean => OPENING.has(method);

/** Whether a request only reads. */
export const onlyReads = ({ method }: McpPost): boolean => READING.has(method);

/** Whether a request lists or calls tools. */
export const isForTools = ({ method }: McpPost): boolean => method.startsWith("tools/");

/** Whether the client accepts a stream. Without one it gets no progress, and its answer as JSON. */
export const acceptsStream = ({ headers }: Request): boolean =>
  (headers.get("Accept") ?? "").includes("text/event-stream");

/**
 * Serves one request on its own, in protocol 2026-07-28, or by `initialize` in 2025-11-25 and older. Calls `newServer`
 * only if the request needs a server.
 */
export async function serveMcp(
  { request, body, message }: McpPost,
  newServer: () => Promise<McpServer>,
): Promise<Response> {
  const headers = new Headers(request.headers);
  headers.set("Accept", ACCEPT);
  const options = { method: "POST", headers, signal: request.signal };
  // Invalid JSON is rejected by the protocol handler.
  if (message === undefined) return createMcpHandler(newServer).fetch(new Request(request.url, { ...options, body }));
  const forwarded = new Request(request.url, options);
  if (!acceptsStream(request) && (await isLegacyRequest(forwarded, message))) {
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: undefined,
      enableJsonResponse: true,
    });
    await (await newServer()).connect(transport);
    return transport.handleRequest(forwarded, { parsedBody: message });
  }
  return createMcpHandler(newServer).fetch(forwarded, { parsedBody: message });
}
