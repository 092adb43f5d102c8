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
  /** Variables and secrets of the Worker; they come on top of those in wrangler.toml. */
  readonly bindings: Readonly<Record<string, string>>;
  /** Main module; absent: the product's. */
  readonly entry?: string;
  /** 0 or absent: any free port. */
  readonly port?: number;
  /** Where Durable Objects keep their state. Absent: a folder that is removed with the process. */
  readonly storageDir?: string;
  /** Receives what the runtime and the Worker log, line by line: warnings and errors come on stderr. */
  readonly log?: (line: string, stream: "stdout" | "stderr") => void;
  /** Gives up a start that is under way. */
  readonly signal?: AbortSignal;
}

export interface Workerd {
  /** Without a trailing slash, such as `http://127.0.0.1:8787`. */
  readonly url: string;
  readonly pid: number;
  /** Resolves when the process has ended, whatever ended it. */
  readonly ended: Promise<void>;
  /** SIGKILL, as in a crash; what is in `storageDir` stays. Resolves when the process is gone. */
  kill(): Promise<void>;
  /** Ends the process and removes its temporary files. */
  close(): Promise<void>;
}

/**
 * No proxy stands before bare workerd, so the host that it tells the Worker is the one that the client named. It has no
 * cron. The MCP Inspector's page is on this machine, too.
 */
const BARE = {
  LOOPBACK_ACCESS: "open",
  TEMPLATE_BUILDS: "asked",
  ALLOWED_ORIGINS: "http://localhost:6274,http://127.0.0.1:6274",
};

const CONTROL_FD = 3;
/** What workerd writes to its control descriptor once a socket accepts connections. */
const listenEventSchema = z.object({ event: z.literal("listen"), socket: z.string(), port: z.number() });

/** Enough of the log to explain why a start failed. */
const LOG_LINES_KEPT = 50;

/**
 * Runs the bundled Worker in bare workerd, the runtime of production, on 127.0.0.1 and resolves when it accepts requests.
 * Rejects with the runtime's log when it does not start.
 */
export async function startWorkerd(options: WorkerdOptions): Promise<Workerd> {
  const { bindings, entry, port = 0, storageDir, log, signal } = options;
  const bundle = await bundleWorker(entry, signal);
  const folder = await mkdtemp(join(tmpdir(), "warmtree-workerd-"));
  const storage = storageDir ?? join(folder, "storage");
  const workflowStorage = join(storage, "workflows");
  const archiveStorage = join(storage, "archive");
  for (const each of [workflowStorage, archiveStorage]) await mkdir(each, { recursive: true });
  // Values reach the runtime by way of its environment, so that no secret lies in a file.
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
