import * as z from "zod/v4";
import type { Stack } from "../harness/stack.ts";

const hostedSchema = z.array(
  z.object({ sandboxID: z.string(), state: z.string(), metadata: z.record(z.string(), z.string()) }),
);
const detailSchema = z.object({ envdAccessToken: z.string() });
const listSchema = z.object({ processes: z.array(z.object({ pid: z.number() })).default([]) });

/** The port at which envd listens inside a sandbox. */
const ENVD_PORT = "49983";

/** Returns every sandbox of the host. */
export async function hostedSandboxes(stack: Stack): Promise<z.output<typeof hostedSchema>> {
  return hostedSchema.parse(await (await fetch(`${stack.host.url}/_local/sandboxes`)).json());
}

/** Sends SIGKILL, through envd, to processes that the Worker has started and waits for. Rejects if there are none. */
export async function killScripts(stack: Stack): Promise<void> {
  let killed = 0;
  for (const { sandboxID, state } of await hostedSandboxes(stack)) {
    if (state !== "running") continue;
    const envd = await envdOf(stack, sandboxID);
    const { processes } = listSchema.parse(await envd("List", {}));
    for (const { pid } of processes) await envd("SendSignal", { process: { pid }, signal: "SIGNAL_SIGKILL" });
    killed += processes.length;
  }
  if (killed === 0) throw new Error("there is no script to kill");
}

/** Returns a function that makes unary calls of process.Process in one sandbox. */
async function envdOf(stack: Stack, sandboxId: string): Promise<(method: string, body: object) => Promise<unknown>> {
  const { url } = stack.host;
  const detail = await fetch(`${url}/sandboxes/${sandboxId}`, { headers: { "X-API-KEY": "local" } });
  const { envdAccessToken } = detailSchema.parse(await detail.json());
  const headers = {
    "Content-Type": "application/json",
    "X-Access-Token": envdAccessToken,
    "E2b-Sandbox-Id": sandboxId,
    "E2b-Sandbox-Port": ENVD_PORT,
  };
  return async (method, body) => {
    const answer = await fetch(`${url}/process.Process/${method}`, {
      method: "POST",
      headers,
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`process.Process/${method}: HTTP ${answer.status}`);
    return answer.json();
  };
}
