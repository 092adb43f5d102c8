import { statSync } from "node:fs";
import * as z from "zod/v4";
import { ConnectError } from "../connect/error.ts";
import { parseRequestFrame } from "../connect/frame.ts";
import { EventStream } from "../connect/stream.ts";
import { readBody } from "../http/body.ts";
import { LaunchError, type ExitStatus } from "../machine/machine.ts";
import { exitFrame, KEEPALIVE_FRAME, startFrame } from "../process/events.ts";
import { RunningProcess, type Subscriber } from "../process/running.ts";
import type { Selector } from "../process/table.ts";
import { rpcUser } from "./auth.ts";
import type { EnvdCall } from "./call.ts";
import { deadlineError, timeoutOf } from "./deadline.ts";
import { parseMessage } from "./message.ts";
import { type Resolved, resolvePath } from "./paths.ts";
import { ptyCommand } from "./pty.ts";

/** Messages of process.Process (e2b-dev/infra packages/envd/spec/process/process.proto) as proto3 JSON. */
const size = z.object({ cols: z.int().min(0).max(65_535).default(0), rows: z.int().min(0).max(65_535).default(0) });
const pty = z.object({ size: size.default({ cols: 0, rows: 0 }) });
const startRequest = z.object({
  process: z.object({
    cmd: z.string().min(1),
    args: z.array(z.string()).default([]),
    envs: z.record(z.string(), z.string()).default({}),
    cwd: z.string().optional(),
  }),
  pty: pty.optional(),
  tag: z.string().optional(),
  stdin: z.boolean().optional(),
});
const selector = z.union([z.object({ pid: z.int() }), z.object({ tag: z.string() })]);
const connectRequest = z.object({ process: selector });

/** Starts a process and streams its events. The process continues when the client leaves; only its deadline ends it. */
export async function start(call: EnvdCall): Promise<void> {
  const { request, sandbox } = call;
  const message = parseMessage(startRequest, parseRequestFrame(await readBody(request)));
  const deadlineMs = timeoutOf(request);
  const running = await launchProcess(call, message);
  if (deadlineMs !== undefined) running.setDeadline(deadlineMs);
  sandbox.processes.add(running);
  follow(call, running);
}

/** Streams the events of a running process from now on. For a process that has just ended, sends its exit. */
export async function connect(call: EnvdCall): Promise<void> {
  const { request, sandbox } = call;
  const message = parseMessage(connectRequest, parseRequestFrame(await readBody(request)));
  const wanted: Selector = message.process;
  const ended = sandbox.processes.findEnded(wanted);
  if (ended !== undefined) {
    const stream = new EventStream(request, call.response, KEEPALIVE_FRAME, call.faults.takeCut());
    stream.sendNow(startFrame(ended.pid));
    stream.send(exitFrame(ended.exit));
    stream.end();
    return;
  }
  const running = sandbox.processes.find(wanted);
  const deadlineMs = timeoutOf(request);
  const stream = follow(call, running);
  if (deadlineMs === undefined) return;
  const timer = setTimeout(() => stream.end(deadlineError()), deadlineMs);
  stream.onClose(() => clearTimeout(timer));
}

function follow({ request, response, faults }: EnvdCall, running: RunningProcess): EventStream {
  const stream = new EventStream(request, response, KEEPALIVE_FRAME, faults.takeCut());
  const subscriber: Subscriber = {
    output: (frame) => stream.send(frame),
    ended: (exit: ExitStatus) => {
      stream.send(exitFrame(exit));
      stream.end();
    },
    timedOut: () => stream.end(deadlineError()),
  };
  running.subscribe(subscriber);
  stream.onDrain(() => running.resumeOutput());
  stream.onClose(() => running.unsubscribe(subscriber));
  stream.sendNow(startFrame(running.pid));
  return stream;
}

async function launchProcess(call: EnvdCall, message: z.output<typeof startRequest>): Promise<RunningProcess> {
  const { request, sandbox } = call;
  const user = rpcUser(request, sandbox);
  const { cmd, args, envs, cwd } = message.process;
  const directory = resolvePath(sandbox, user, cwd ?? "", { follow: true });
  requireDirectory(directory);
  const terminal = message.pty === undefined ? undefined : ptyCommand(cmd, args, message.pty.size);
  const env = { ...sandbox.environment(user), ...envs };
  try {
    const launched = await sandbox.machine.launch({
      user,
      cmd: terminal?.cmd ?? cmd,
      args: terminal?.args ?? args,
      cwd: directory.canonical,
      env,
      // A call without the field leaves stdin open, for clients older than the field.
      stdin: terminal !== undefined || message.stdin !== false ? "open" : "closed",
    });
    return new RunningProcess(
      launched,
      { cmd, args, envs, cwd },
      message.tag,
      terminal === undefined ? "stdin" : "pty",
    );
  } catch (error) {
    if (!(error instanceof LaunchError)) throw error;
    throw new ConnectError("invalid_argument", `error starting process '${cmd}': ${error.message}`);
  }
}

function requireDirectory({ host, path }: Resolved): void {
  const stats = statSync(host, { throwIfNoEntry: false });
  if (stats?.isDirectory() === true) return;
  throw new ConnectError(
    "invalid_argument",
    `cwd '${path}' ${stats === undefined ? "does not exist" : "is not a directory"}`,
  );
}
