import type { OutgoingHttpHeaders, ServerResponse } from "node:http";

/** An error response of E2B's control plane: `{"code","message"}`, where the code is the HTTP status. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;

  constructor(status: number, message: string, headers: OutgoingHttpHeaders = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

export function sendJson(
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: OutgoingHttpHeaders = {},
): void {
  const body = Buffer.from(JSON.stringify(value));
  response.writeHead(status, { ...headers, "Content-Type": "application/json", "Content-Length": body.length });
  response.end(body);
}

export function sendEmpty(response: ServerResponse, status = 204): void {
  response.writeHead(status, { "Content-Length": 0 }).end();
}

export function sendApiError(response: ServerResponse, error: ApiError): void {
  sendJson(response, error.status, { code: error.status, message: error.message }, error.headers);
}
