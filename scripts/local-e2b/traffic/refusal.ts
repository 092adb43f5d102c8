import type { IncomingMessage, ServerResponse } from "node:http";
import { sendJson } from "../http/reply.ts";
import type { Target } from "./target.ts";

/** Header with the token for a sandbox without public traffic. */
export const TRAFFIC_TOKEN_HEADER = "e2b-traffic-access-token";

/** Responses that E2B sends in place of a sandbox (e2b-dev/infra packages/shared/pkg/proxy/template). */
type Refusal = "not-found" | "port-closed" | "token-missing" | "token-invalid" | "may-not-wake";

const SECURED = "Sandbox is secured with traffic access token.";
const REFUSALS: Readonly<
  Record<Refusal, { readonly status: number; readonly title: string; readonly message: string }>
> = {
  "not-found": { status: 502, title: "Sandbox Not Found", message: "The sandbox was not found" },
  "port-closed": { status: 502, title: "Closed Port Error", message: "The sandbox is running but port is not open" },
  "token-missing": {
    status: 403,
    title: "Missing Traffic Access Token",
    message: `${SECURED} Token header '${TRAFFIC_TOKEN_HEADER}' is missing`,
  },
  "token-invalid": {
    status: 403,
    title: "Invalid Traffic Access Token",
    message: `${SECURED} Provided token in header '${TRAFFIC_TOKEN_HEADER}' is invalid`,
  },
  "may-not-wake": {
    status: 403,
    title: "Sandbox Resume Permission Denied",
    message: "This sandbox can't be resumed with the credentials provided. Check your access token and try again.",
  },
};

/** Sends a refusal: as JSON to a program, as a page to a person with a browser. */
export function refuse(request: IncomingMessage, response: ServerResponse, { id, port }: Target, kind: Refusal): void {
  const { status, title, message } = REFUSALS[kind];
  // Reads the request to its end: a client that is still sending does not read the response.
  request.resume();
  if (wantsPage(request)) {
    const place = kind === "port-closed" ? `Port ${port} of sandbox ${id}` : `Sandbox ${id}`;
    const page = `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title><h1>${title}</h1><p>${place}: ${message}.</p></html>`;
    response.writeHead(status, { "Content-Type": "text/html; charset=utf-8" }).end(page);
    return;
  }
  const detail = kind === "port-closed" ? { port } : {};
  sendJson(response, status, { sandboxId: id, message, ...detail, code: status });
}

/** Whether E2B would send a page. A fetch by a page's script gets JSON, in any browser. */
function wantsPage({ headers }: IncomingMessage): boolean {
  const { accept = "", "user-agent": agent = "", "sec-fetch-mode": mode } = headers;
  if (/application\/json/i.test(accept) && !/text\/html/i.test(accept)) return false;
  if (typeof mode === "string" && /^(?:cors|no-cors|same-origin|websocket)$/i.test(mode)) return false;
  if (mode !== "navigate" && headers["x-requested-with"] !== undefined) return false;
  return /mozilla|chrome|safari|firefox|edge|opera|msie/i.test(agent);
}
