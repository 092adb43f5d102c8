import { DEV_KEY } from "../../scripts/support/client.ts";

/** Sends a JSON-RPC message as a client without a library does. */
export function post(url: string, message: object, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  return fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${DEV_KEY}`, ...headers },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, ...message }),
  });
}
