import * as z from "zod/v4";
import { envdHeaders, envdUrl } from "../../src/e2b/config.ts";
import type { SandboxAddress } from "../../src/e2b/config.ts";
import { encodeEnvelope, END_STREAM_FLAG, envelopes } from "../../src/e2b/connect.ts";
import { jsonOrUndefined } from "../../src/e2b/exchange.ts";
import { STREAM_TYPE } from "../../src/e2b/process-stream.ts";
import { endOfStream, processEvent } from "../../src/e2b/schema.ts";
import { polled } from "../verification/run.ts";
import { wireOf } from "./answers.ts";
import type { E2bScene } from "./scene.ts";

const TIMEOUT_MS = 30_000;
const LISTED_WITHIN_MS = 10_000;

interface Sent {
  readonly method?: "GET" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
}

/** Sends one request to a sandbox's envd, without retries. Leaves out empty headers. */
export function envd(scene: E2bScene, address: SandboxAddress, path: string, sent: Sent = {}): Promise<Response> {
  const { method = "POST", headers = {}, body } = sent;
  const all = Object.entries({ ...envdHeaders(address), ...headers }).filter(([, value]) => value !== "");
  return scene.fetcher(envdUrl(scene.config, address) + path, {
    method,
    headers: Object.fromEntries(all),
    body: body ?? null,
    redirect: "manual",
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
}

/** Makes a unary call of process.Process. */
export function processCall(
  scene: E2bScene,
  address: SandboxAddress,
  name: string,
  message: object,
): Promise<Response> {
  const headers = { "content-type": "application/json", "connect-protocol-version": "1" };
  return envd(scene, address, `/process.Process/${name}`, { headers, body: JSON.stringify(message) });
}

const listed = z.object({
  processes: z
    .array(z.object({ pid: z.number(), config: z.object({ args: z.array(z.string()).default([]) }) }))
    .default([]),
});

/** Returns the pid of the process with this argument, once it runs. @throws Error if there is none */
export async function pidOf(scene: E2bScene, address: SandboxAddress, argument: string): Promise<number> {
  const ask = async () => {
    const { json } = await wireOf(await processCall(scene, address, "List", {}));
    return listed.parse(json).processes.find(({ config }) => config.args.includes(argument));
  };
  const found = await polled(ask, (process) => process !== undefined, LISTED_WITHIN_MS);
  if (found === undefined) throw new Error("the process is not among those that run");
  return found.pid;
}

/** Sends process.Process/Start, and returns the raw response. */
export function startCall(
  scene: E2bScene,
  address: SandboxAddress,
  line: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const message = { process: { cmd: "/bin/bash", args: ["-c", line], envs: {} }, stdin: false };
  return envd(scene, address, "/process.Process/Start", {
    headers: { "content-type": STREAM_TYPE, "connect-protocol-version": "1", ...headers },
    body: encodeEnvelope(message),
  });
}

/** Returns the names of a stream's messages, in order: `start`, `stdout`, `stderr`, `end`, `keepalive`, `close`. */
export async function namesOfEvents({ body }: Response): Promise<string[]> {
  const names: string[] = [];
  if (body === null) return names;
  const text = new TextDecoder();
  for await (const { flags, data } of envelopes(body)) {
    const json = jsonOrUndefined(text.decode(data));
    if (flags === END_STREAM_FLAG) {
      const { error } = endOfStream.parse(json);
      names.push(error === undefined ? "close" : `close with ${error.code}`);
    } else names.push(nameOf(json));
  }
  return names;
}

function nameOf(json: unknown): string {
  const { start, data, end } = processEvent.parse(json).event;
  if (start) return "start";
  if (data) return data.stdout === undefined ? "stderr" : "stdout";
  return end ? "end" : "keepalive";
}
