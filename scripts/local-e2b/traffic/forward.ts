import { type IncomingMessage, request as startRequest, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Sandbox } from "../state/sandbox.ts";
import { join } from "./join.ts";
import { toClient, toProgram, upgrading } from "./headers.ts";
import { refuse } from "./refusal.ts";
import type { Target } from "./target.ts";

/** E2B's pauses between its attempts: a program that was just started may not listen yet. */
const PAUSES_MS = [100, 200, 300, 400];

/** The connection of a client that requests another protocol. */
export interface Upgrade {
  readonly socket: Duplex;
  /** Bytes that the client has already sent. */
  readonly head: Buffer;
}

export interface ProgramCall {
  readonly sandbox: Sandbox;
  readonly target: Target;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly upgrade: Upgrade | undefined;
}

/** Forwards a request to the program that listens on a port of a sandbox, and sends its response back. */
export async function forward(call: ProgramCall): Promise<void> {
  const { sandbox, target, request, response, upgrade } = call;
  const client = upgrade?.socket ?? response;
  const connection = await reach(call, client);
  if (connection === undefined || client.destroyed) {
    connection?.destroy();
    refuse(request, response, target, "port-closed");
    return;
  }
  const abandon = (): void => void connection.destroy();
  client.once("close", abandon);
  const mask = sandbox.network?.maskRequestHost?.replaceAll("${PORT}", String(target.port));
  const out = startRequest({
    createConnection: () => connection,
    method: request.method,
    path: request.url,
    headers: [
      ...toProgram(request.rawHeaders, mask === "" ? undefined : mask),
      ...(upgrade === undefined ? [] : upgrading(request.rawHeaders)),
    ],
  });
  const answered = new Promise<void>((done) => {
    out.on("response", (answer) => void answerWith(answer, response).finally(done));
    out.on("upgrade", (answer, socket, head) => {
      if (upgrade === undefined) socket.destroy();
      else {
        client.off("close", abandon);
        goOn(response, upgrade, answer, socket, head);
      }
      done();
    });
    out.on("error", () => {
      if (response.headersSent) response.destroy();
      else refuse(request, response, target, "port-closed");
      done();
    });
  });
  if (upgrade === undefined) pipeline(request, out).catch(() => undefined);
  else out.end();
  await answered;
}

async function reach({ sandbox, target }: ProgramCall, client: Duplex | ServerResponse): Promise<Duplex | undefined> {
  for (const pauseMs of [...PAUSES_MS, undefined]) {
    const connection = await sandbox.machine.dial(target.port);
    if (connection !== undefined || pauseMs === undefined || client.destroyed) return connection;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  return undefined;
}

async function answerWith(answer: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    response.writeHead(answer.statusCode ?? 502, answer.statusMessage, toClient(answer.rawHeaders));
    // Sends the headers now: the first event of a stream may come much later.
    response.flushHeaders();
    await pipeline(answer, response);
  } catch {
    // One side broke the connection off, or the program's response is invalid: ends the client's response.
    response.destroy();
  }
}

/** Sends the program's response, then joins both connections. */
function goOn(response: ServerResponse, upgrade: Upgrade, answer: IncomingMessage, far: Duplex, head: Buffer): void {
  const { socket } = upgrade;
  response.writeHead(answer.statusCode ?? 101, answer.statusMessage, [
    ...toClient(answer.rawHeaders),
    ...upgrading(answer.rawHeaders),
  ]);
  response.flushHeaders();
  if (head.length > 0) socket.write(head);
  if (upgrade.head.length > 0) far.write(upgrade.head);
  join(socket, far);
}
