import { createServer } from "node:http";
import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import type { E2bConfig } from "../../src/e2b/config.ts";
import { E2bError } from "../../src/e2b/error.ts";

/** A request as it arrived over the wire. */
interface SeenRequest {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

type Answer = (response: ServerResponse) => void;

/** A real HTTP server that gives prepared answers in order, and records its requests. */
export interface WireServer {
  url: string;
  config: E2bConfig;
  requests: SeenRequest[];
  /** TCP connections accepted so far. */
  connections(): number;
  answer(...answers: Answer[]): void;
  /** Resolves when the next request has arrived whole. */
  nextRequest(): Promise<void>;
  close(): Promise<void>;
}

export const API_KEY = "e2b_test_key_0123456789";
export const SANDBOX = { sandboxId: "itest0123456789abcdef", accessToken: "envd_test_token_0123456789" };

export async function startWireServer(): Promise<WireServer> {
  const requests: SeenRequest[] = [];
  const answers: Answer[] = [];
  let connections = 0;
  let arrived = Promise.withResolvers<void>();
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const { method = "", url = "", headers } = request;
      requests.push({ method, url, headers, body: Buffer.concat(parts) });
      arrived.resolve();
      arrived = Promise.withResolvers();
      const answer = answers.shift() ?? json(599, { code: 599, message: "the test has no answer left" });
      answer(response);
    });
  });
  server.on("connection", () => connections++);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no TCP port");
  const url = `http://127.0.0.1:${address.port}`;
  return {
    url,
    config: { apiKey: API_KEY, apiUrl: url, sandboxUrl: url, domain: "e2b.app" },
    requests,
    connections: () => connections,
    answer: (...more) => answers.push(...more),
    nextRequest: () => arrived.promise,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

export function json(status: number, body: unknown, headers: Record<string, string> = {}): Answer {
  return (response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify(body));
  };
}

export function empty(status: number, headers: Record<string, string> = {}): Answer {
  return (response) => {
    response.writeHead(status, headers);
    response.end();
  };
}

/** Takes the request and never answers. */
export const silence: Answer = () => undefined;

/** Takes the request and closes the connection. */
export const hangUp: Answer = (response) => response.destroy();

/** Returns a Connect envelope, written independently of the code under test. */
export function frame(flags: number, message: unknown): Buffer {
  const payload = Buffer.from(JSON.stringify(message));
  const header = Buffer.alloc(5);
  header.writeUInt8(flags, 0);
  header.writeUInt32BE(payload.length, 1);
  return Buffer.concat([header, payload]);
}

export const started = frame(0, { event: { start: { pid: 7 } } });
export const stdout = (bytes: string | Uint8Array) => frame(0, { event: { data: { stdout: base64(bytes) } } });
export const stderr = (bytes: string | Uint8Array) => frame(0, { event: { data: { stderr: base64(bytes) } } });
export const exited = (exitCode: number) =>
  frame(0, {
    event: { end: { ...(exitCode === 0 ? {} : { exitCode }), exited: true, status: `exit status ${exitCode}` } },
  });
export const endOfStream = frame(2, {});

function base64(bytes: string | Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

/** Sends the stream of a process, and closes it after its last frame. */
export function stream(...frames: Buffer[]): Answer {
  return (response) => {
    response.writeHead(200, { "content-type": "application/connect+json" });
    for (const bytes of frames) response.write(bytes);
    response.end();
  };
}

/** Resolves to the E2bError that `call` rejects with; fails the test on any other outcome. */
export async function e2bError(call: Promise<unknown>): Promise<E2bError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof E2bError) return error;
    throw error;
  }
  throw new Error("the call succeeded");
}
