import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { endWithParent, hasExited, stopProcess } from "../support/processes.ts";
import { ROOT } from "../support/tools.ts";

const execute = promisify(execFile);

/** Folder that holds `prometheus` and `promtool`. */
export type PrometheusFolder = string;

/** Folder in which Debian's package is unpacked, without being installed. */
const UNPACKED = join(ROOT, ".warmtree", "tools", "prometheus");
/** The download is 20 MB; without a network apt gives up sooner. */
const DOWNLOAD_TIMEOUT_MS = 90_000;
const APT_OPTIONS = ["-o", "Acquire::Retries=0", "-o", "Acquire::http::Timeout=10", "-o", "APT::Sandbox::User=root"];
const READY_TIMEOUT_MS = 30_000;
const POLL_MS = 100;

/** Finds Prometheus and promtool in PATH, or downloads Debian's package with apt. `missing` is the reason for none. */
export async function findPrometheus(): Promise<{ folder: PrometheusFolder } | { missing: string }> {
  const folders = [...(process.env.PATH ?? "").split(delimiter), join(UNPACKED, "usr", "bin")];
  const isThere = (folder: string) => existsSync(join(folder, "prometheus")) && existsSync(join(folder, "promtool"));
  const found = folders.find(isThere);
  if (found !== undefined) return { folder: found };
  try {
    await download();
    return { folder: join(UNPACKED, "usr", "bin") };
  } catch (error) {
    const [reason] = (error instanceof Error ? error.message : String(error)).split("\n");
    return { missing: `no prometheus on PATH, and Debian's package cannot be had (${reason})` };
  }
}

async function download(): Promise<void> {
  const parent = dirname(UNPACKED);
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(join(parent, "prometheus-"));
  const run = (command: string, ...args: string[]) =>
    execute(command, args, { cwd: folder, timeout: DOWNLOAD_TIMEOUT_MS });
  try {
    const fetched = () => run("apt-get", ...APT_OPTIONS, "download", "prometheus");
    // A fresh container has no package lists yet.
    await fetched().catch(() => run("apt-get", ...APT_OPTIONS, "update").then(fetched));
    await run("sh", "-c", "dpkg -x prometheus_*.deb unpacked");
    await rename(join(folder, "unpacked"), UNPACKED).catch((error: unknown) => {
      // Another process may have unpacked it meanwhile.
      if (!existsSync(UNPACKED)) throw error;
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs promtool to its end. `ok`: whether it found no errors; `output`: all of its output. */
export async function promtool(
  folder: PrometheusFolder,
  args: readonly string[],
  input = "",
): Promise<{ ok: boolean; output: string }> {
  const child = spawn(join(folder, "promtool"), args, { stdio: ["pipe", "pipe", "pipe"] });
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  child.stdin.end(input);
  const [code] = await once(child, "close");
  return { ok: code === 0, output: Buffer.concat(chunks).toString("utf8") };
}

export interface Prometheus {
  readonly url: string;
  close(): Promise<void>;
}

/** Runs Prometheus with a configuration file on a free port of 127.0.0.1; resolves when it accepts requests. */
export async function startPrometheus(folder: PrometheusFolder, configFile: string): Promise<Prometheus> {
  const data = await mkdtemp(join(tmpdir(), "warmtree-tsdb-"));
  const address = `127.0.0.1:${await freePort()}`;
  const args = [
    `--config.file=${configFile}`,
    `--storage.tsdb.path=${data}`,
    `--web.listen-address=${address}`,
    "--enable-feature=exemplar-storage",
    "--log.level=warn",
  ];
  const child = spawn(join(folder, "prometheus"), args, { stdio: ["ignore", "ignore", "pipe"] });
  endWithParent(child);
  let log = "";
  child.stderr.on("data", (chunk: Buffer) => (log += chunk.toString("utf8")));
  const close = async () => {
    await stopProcess(child);
    await rm(data, { recursive: true, force: true });
  };
  const url = `http://${address}`;
  for (
    const deadline = Date.now() + READY_TIMEOUT_MS;
    Date.now() < deadline && !hasExited(child);
    await sleep(POLL_MS)
  ) {
    const response = await fetch(`${url}/-/ready`).catch(() => undefined);
    if (response?.ok) return { url, close };
  }
  await close();
  throw new Error(`Prometheus did not start:\n${log}`);
}

/** Chooses a port itself, because Prometheus does not report the port that it chose. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no TCP address");
  return address.port;
}
