import { constants } from "node:os";
import { messageFrame } from "../connect/frame.ts";
import type { ExitStatus } from "../machine/machine.ts";

/** Frames of process.Process/Start and /Connect, as proto3 JSON (zero values left out). */
export type OutputKind = "stdout" | "stderr" | "pty";

/** envd's maximum of output bytes in one event. */
const MAX_OUTPUT_BYTES: Readonly<Record<OutputKind, number>> = { stdout: 32 * 1024, stderr: 32 * 1024, pty: 16 * 1024 };

export const KEEPALIVE_FRAME = messageFrame('{"event":{"keepalive":{}}}');

export function startFrame(pid: number): Buffer {
  return messageFrame(`{"event":{"start":{"pid":${pid}}}}`);
}

/** Yields the frames of one chunk of output, split to envd's size. */
export function* outputFrames(kind: OutputKind, chunk: Buffer): Generator<Buffer> {
  for (let offset = 0; offset < chunk.length; offset += MAX_OUTPUT_BYTES[kind]) {
    const part = chunk.subarray(offset, offset + MAX_OUTPUT_BYTES[kind]);
    yield messageFrame(`{"event":{"data":{"${kind}":"${part.toString("base64")}"}}}`);
  }
}

export function exitFrame(exit: ExitStatus): Buffer {
  return messageFrame(JSON.stringify({ event: { end: exitEvent(exit) } }));
}

/** Returns an EndEvent with Go's messages (os.ProcessState), which SDKs show to people. */
function exitEvent({ code, signal }: ExitStatus): object {
  if (signal !== null) {
    const status = `signal: ${SIGNAL_WORDS[signal] ?? `signal ${constants.signals[signal]}`}`;
    return { exitCode: -1, status, error: status };
  }
  const status = `exit status ${code ?? 0}`;
  return code === 0 ? { exited: true, status } : { exitCode: code, exited: true, status, error: status };
}

const SIGNAL_WORDS: Partial<Record<NodeJS.Signals, string>> = {
  SIGABRT: "aborted",
  SIGBUS: "bus error",
  SIGFPE: "floating point exception",
  SIGHUP: "hangup",
  SIGILL: "illegal instruction",
  SIGINT: "interrupt",
  SIGKILL: "killed",
  SIGPIPE: "broken pipe",
  SIGQUIT: "quit",
  SIGSEGV: "segmentation fault",
  SIGTERM: "terminated",
};
