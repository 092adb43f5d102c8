import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import * as z from "zod/v4";
import { bundleWorker } from "./bundle.ts";
import { endWithParent, stopProcess } from "./processes.ts";
import { toolPath } from "./tools.ts";
import { workerdConfig } from "./workerd-config.ts";
import { WORKFLOWS_FOLDER } from "./workflows-engine.ts";

export interface WorkerdOptions {
  /** Variables and secrets of the Worker; they override those in wrangler.toml. */
  readonly bindings: Readonly<Record<string, string>>;
  /** Main module; absent: the product's main module. */
  readonly entry?: string;
  /** 0 or absent: any free port. */
  readonly port?: number;
  /** Folder of the Durable Objects' state. Absent: a folder that is removed with the process. */
  readonly storageDir?: string;
  /** Receives the log of the runtime and the Worker, line by line; warnings and errors are on stderr. */
  readonly log?: (line: string, stream: "stdout" | "stderr") => void;
  /** Aborts the start. */
  readonly signal?: AbortSignal;
}

export interface Workerd {
  /** URL without a trailing slash, such as `http://127.0.0.1:8787`. */
  readonly url: string;
  readonly pid: number;
  /** Resolves when the process has ended, for any reason. */
  readonly ended: Promise<void>;
  /** Sends SIGKILL, as in a crash; files in `storageDir` stay. Resolves when the process has ended. */
  kill(): Promise<void>;
  /** Ends the process and removes its temporary files. */
  close(): Promise<void>;
}

/**
 * Settings for bare workerd. It has no proxy in front, so the Worker gets the host that the client named. It has no
 * cron. The MCP Inspector's page is on this machine, too.
 */
const BARE = {
  LOOPBACK_ACCESS: "open",
  TEMPLATE_BUILDS: "asked",
  ALLOWED_ORIGINS: "http://localhost:6274,http://127.0.0.1:6274",
};

const CONTROL_FD = 3;
/** Message of workerd on its control descriptor when a socket accepts connections. */
const listenEventSchema = z.object({ event: z.literal("listen"), socket: z.string(), port: z.number() });

/** Number of log lines kept to explain a failed start. */
const LOG_LINES_KEPT = 50;

/**
 * Runs the bundled Worker in bare workerd, the runtime of production, on 127.0.0.1; resolves when it accepts requests.
 * Rejects with the runtime's log if it does not start.
 */
export async function startWorkerd(options: WorkerdOptions): Promise<Workerd> {
  const { bindings, entry, port = 0, storageDir, log, signal } = options;
  const bundle = await bundleWorker(entry, signal);
  const folder = await mkdtemp(join(tmpdir(), "warmtree-workerd-"));
  const storage = storageDir ?? join(folder, "storage");
  const workflowStorage = join(storage, "workflows");
  const archiveStorage = join(storage, "archive");
  for (const each of [workflowStorage, archiveStorage]) await mkdir(each, { recursive: true });
  // Passes values through the runtime's environment, so that no secret is in a file.
  const env = { ...bundle.vars, ...BARE, ...bindings };
  const configFile = join(folder, "config.capnp");
  const folders = { storage, workflowStorage, archiveStorage };
  await writeFile(configFile, workerdConfig({ bundle, environment: Object.keys(env), ...folders, port }));

  const args = [
    "serve",
    "--experimental",
    "-I",
    bundle.folder,
    "-I",
    WORKFLOWS_FOLDER,
    `--control-fd=${CONTROL_FD}`,
    configFile,
  ];
  const child = spawn(toolPath("workerd"), args, { stdio: ["ignore", "pipe", "pipe", "pipe"], env });
  endWithParent(child);
  const ended = once(child, "exit").then(() => undefined);
  const close = async (by: "SIGTERM" | "SIGKILL") => {
    await stopProcess(child, by);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    return {
      url: `http://127.0.0.1:${await listeningPort(child, log)}`,
      pid: z.number().parse(child.pid),
      ended,
      kill: () => close("SIGKILL"),
      close: () => close("SIGTERM"),
    };
  } catch (error) {
    await close("SIGKILL");
    throw error;
  }
}

function listeningPort(child: ChildProcess, log: WorkerdOptions["log"]): Promise<number> {
  const lastLines: string[] = [];
  const onLine = (stream: "stdout" | "stderr") => (line: string) => {
    log?.(line, stream);
    lastLines.push(line);
    if (lastLines.length > LOG_LINES_KEPT) lastLines.shift();
  };
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  readLines(child.stdio[1], onLine("stdout"));
  readLines(child.stdio[2], onLine("stderr"));
  readLines(child.stdio[CONTROL_FD], (line) => resolve(listenEventSchema.parse(JSON.parse(line)).port));
  child.once("error", reject);
  child.once("close", (code, signal) =>
    reject(new Error(`workerd ended (${signal ?? `exit code ${code}`}) before it served:\n${lastLines.join("\n")}`)),
  );
  return promise;
}

function readLines(stream: unknown, onLine: (line: string) => void): void {
  if (stream instanceof Readable) createInterface({ input: stream }).on("line", onLine);
}
