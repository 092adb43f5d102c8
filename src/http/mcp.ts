import { configOf } from "../config.ts";
import { refusedByAddress } from "../mcp/address.ts";
import { callTool } from "../mcp/call.ts";
import { newServer } from "../mcp/server.ts";
import { serveMcp } from "../mcp/transport.ts";
import { MAX_BODY_BYTES } from "./body.ts";
import { callerOf, type HttpContext, secretsOf } from "./caller.ts";
import { logUnexpected } from "./log.ts";
import { foreseen } from "./problem.ts";

/** Clients give a call up after 60 s; the answer needs its way too. */
const ANSWER_WITHIN_MS = 45_000;

/** The MCP door: POST only, each request on its own, behind the same gate as `/v1`. */
export function mcpRoute(answerWithinMs = ANSWER_WITHIN_MS) {
  return async (c: HttpContext): Promise<Response> => {
    const request = c.req.raw;
    const refused = refusedByAddress(request, configOf(c.env).apiKeys.length > 0);
    if (refused) return refused;
    const caller = await callerOf(c);
    return serveMcp(request, MAX_BODY_BYTES, () =>
      newServer((tool, given, { mcpReq }) => {
        const { _meta: { progressToken } = {} } = mcpReq;
        const told = progressToken !== undefined && {
          tell: (progress: number, message: string) => {
            const params = { progressToken, progress, message };
            // Who has gone hears nothing more.
            mcpReq.notify({ method: "notifications/progress", params }).catch(() => undefined);
          },
        };
        const explain = (thrown: unknown) => explained(thrown, c);
        return callTool(tool, given, { caller, answerWithinMs, signal: mcpReq.signal, explain, ...told });
      }),
    );
  };
}

function explained(thrown: unknown, c: HttpContext) {
  const error = foreseen(thrown);
  if (error.code !== "internal") return { error };
  const requestId = crypto.randomUUID();
  logUnexpected(requestId, thrown, secretsOf(c));
  return { error, instance: `urn:uuid:${requestId}` };
}
