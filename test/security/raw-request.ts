import { once } from "node:events";
import { connect } from "node:net";

export interface RawRequest {
  readonly method: string;
  /** The text of the request line: a path, or an absolute URL. */
  readonly target: string;
  /**
   * Sent in this order, Host too, each character as a byte: adds only the end of the connection and the body's framing.
   */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body?: string;
}

/**
 * Sends a request as written, which no HTTP client would do, to a port of 127.0.0.1.
 * @returns the status of the answer. Rejects if there is none
 */
export async function sendRaw(port: number, { method, target, headers, body = "" }: RawRequest): Promise<number> {
  const framing = [
    ["Connection", "close"],
    ["Content-Length", String(Buffer.byteLength(body))],
  ] as const;
  const head = [...headers, ...framing].map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const socket = connect(port, "127.0.0.1");
  let answer = "";
  socket.setEncoding("latin1").on("data", (text: string) => (answer += text));
  socket.write(`${method} ${target} HTTP/1.1\r\n${head}\r\n`, "latin1");
  socket.write(body);
  await once(socket, "close");
  const status = /^HTTP\/1\.[01] (\d{3}) /.exec(answer)?.[1];
  if (status === undefined) throw new Error(`no answer to ${method} ${target}: ${answer}`);
  return Number(status);
}
