import { configOf } from "../../config.ts";
import { refusedByAddress } from "../../mcp/address.ts";
import { callTool } from "../../mcp/call.ts";
import { newServer, type ToolCall } from "../../mcp/server.ts";
import { acceptsStream, isForTools, mcpPost, onlyReads, opensSession, serveMcp } from "../../mcp/transport.ts";
import { openSession } from "../../workspace/workspaces.ts";
import type { Caller } from "../../workspace/caller.ts";
import { auditOf } from "../audit.ts";
import { readText } from "../body.ts";
import { callerOf } from "../caller.ts";
import type { HttpContext } from "../context.ts";
import { redactorOf } from "../secrets.ts";
import { allowedOrigins } from "../cross-origin.ts";
import { hostnameOf } from "../loopback.ts";
import { asKnownError } from "../../execution/known-error.ts";
import { requestIdOf } from "../request-id.ts";

/** Clients abandon a call after 60 s, transfer of the answer included. */
const ANSWER_WITHIN_MS = 45_000;

/** Query parameter of the MCP address: the workspace that a client continues with. */
const WORKSPACE = "sandbox_id";

/** Handles MCP: POST only, each request on its own, with the authentication of `/v1`. */
export function mcpRoute(answerWithinMs = ANSWER_WITHIN_MS) {
  return async (c: HttpContext): Promise<Response> => {
    const request = c.req.raw;
    const config = configOf(c.env);
    const hasKeys = config.apiKeys.length > 0;
    const refused = refusedByAddress(request, hostnameOf(request), hasKeys, allowedOrigins(config));
    if (refused) return refused;
    const caller = await callerOf(c);
    const post = mcpPost(request, await readText(request));
    if (onlyReads(post)) auditOf(c).onlyReads();
    if (opensSession(post)) caller.waitUntil(resumeAhead(c, caller));
    const call: ToolCall = (tool, given, { mcpReq }) => {
      const { _meta: { progressToken } = {} } = mcpReq;
      const notifier = progressToken !== undefined &&
        acceptsStream(request) && {
          notify: (progress: number, message: string) => {
            const params = { progressToken, progress, message };
            // Ignore clients that have left.
            mcpReq.notify({ method: "notifications/progress", params }).catch(() => undefined);
          },
        };
      const toKnownError = (thrown: unknown) => knownErrorOf(thrown, c);
      return callTool(tool, given, {
        caller,
        answerWithinMs,
        signal: mcpReq.signal,
        redactor: redactorOf(c),
        toKnownError,
        ...notifier,
      });
    };
    const asked = { isForTools: isForTools(post), called: post.called };
    const response = await serveMcp(post, () => newServer(call, asked));
    response.headers.set("X-Request-Id", requestIdOf(request));
    return response;
  };
}

/** Resumes the session's workspace in the background. On failure the first operation resumes it. */
async function resumeAhead(c: HttpContext, caller: Caller): Promise<void> {
  try {
    await openSession(caller, c.req.query(WORKSPACE));
  } catch (error) {
    auditOf(c).failedBehind(error);
  }
}

function knownErrorOf(thrown: unknown, c: HttpContext) {
  const error = asKnownError(thrown);
  auditOf(c).failed(thrown, error.code);
  const redactor = redactorOf(c);
  return error.code === "internal"
    ? { error, redactor, instance: `urn:uuid:${requestIdOf(c.req.raw)}` }
    : { error, redactor };
}
