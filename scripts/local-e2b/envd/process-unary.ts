import * as z from "zod/v4";
import { ConnectError } from "../connect/error.ts";
import type { InputKind } from "../process/running.ts";
import type { Sandbox } from "../state/sandbox.ts";
import { parseMessage } from "./message.ts";
import { resizePty } from "./pty.ts";

/** Unary calls of process.Process. Each returns the JSON of its response message. */
const selector = z.union([z.object({ pid: z.int() }), z.object({ tag: z.string() })], {
  error: "expected a pid or a tag",
});
const one = z.object({ process: selector });
const sendInputRequest = one.extend({
  input: z.union([z.object({ stdin: z.base64() }), z.object({ pty: z.base64() })], { error: "expected stdin or pty" }),
});
const sendSignalRequest = one.extend({ signal: z.enum(["SIGNAL_SIGKILL", "SIGNAL_SIGTERM"]) });
const dimension = z.int().min(1).max(65_535);
const updateRequest = one.extend({
  pty: z.object({ size: z.object({ cols: dimension, rows: dimension }) }).optional(),
});

export function list(sandbox: Sandbox): object {
  const processes = sandbox.processes.list().map(({ pid, tag, config }) => ({ pid, tag, config }));
  return { processes };
}

export async function sendInput(sandbox: Sandbox, message: unknown): Promise<object> {
  const { process: wanted, input } = parseMessage(sendInputRequest, message);
  const running = sandbox.processes.find(wanted);
  const kind: InputKind = "stdin" in input ? "stdin" : "pty";
  if (kind !== running.input) {
    throw new ConnectError("internal", `process ${running.pid} takes ${running.input} input, not ${kind} input`);
  }
  const data = Buffer.from("stdin" in input ? input.stdin : input.pty, "base64");
  try {
    await running.write(data);
  } catch (error) {
    throw new ConnectError("internal", `error writing to ${kind}: ${String(error)}`);
  }
  return {};
}

export function sendSignal(sandbox: Sandbox, message: unknown): object {
  const { process: wanted, signal } = parseMessage(sendSignalRequest, message);
  sandbox.processes.find(wanted).signal(signal === "SIGNAL_SIGKILL" ? "SIGKILL" : "SIGTERM");
  return {};
}

export function closeStdin(sandbox: Sandbox, message: unknown): object {
  const running = sandbox.processes.find(parseMessage(one, message).process);
  if (running.input === "pty") {
    throw new ConnectError("unknown", "cannot close stdin for PTY process — send Ctrl+D (0x04) instead");
  }
  running.closeStdin();
  return {};
}

export async function update(sandbox: Sandbox, message: unknown): Promise<object> {
  const { process: wanted, pty } = parseMessage(updateRequest, message);
  const running = sandbox.processes.find(wanted);
  if (pty === undefined) return {};
  if (running.input !== "pty") throw new ConnectError("internal", "tty not assigned to process");
  await resizePty(sandbox, running.pid, pty.size);
  return {};
}
