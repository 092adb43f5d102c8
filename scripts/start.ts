import { once } from "node:events";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { newLeaseKey } from "./support/api-key.ts";
import { Cleanups } from "./support/cleanups.ts";
import { parseConfig } from "../src/config.ts";
import { problemText } from "./support/client.ts";
import { curlLines } from "./support/curl-lines.ts";
import { startLocalServices } from "./support/local-services.ts";
import type { LocalServices } from "./support/local-services.ts";
import { runMainJob } from "./support/main-job.ts";
import { requireFreePort, requireGit } from "./support/preflight.ts";
import { START_USAGE, readStartOptions } from "./support/start-options.ts";
import type { StartOptions } from "./support/start-options.ts";
import { startSettings } from "./support/start-settings.ts";
import type { StartSettings } from "./support/start-settings.ts";
import { STEP_HEADING, stepLine } from "./support/step-table.ts";
import { ROOT } from "./support/tools.ts";
import { poolWarmed } from "./support/warm-pool.ts";
import { startWorkerd } from "./support/workerd.ts";
import type { Workerd } from "./support/workerd.ts";

/** Folder of the Durable Objects, the same as under wrangler dev with `--persist-to <state folder>/worker`. */
const OBJECTS_FOLDER = join("worker", "v3", "do");
const EXAMPLE_REPOSITORY = "https://github.com/<owner>/<name>";

process.exit(await main());

async function main(): Promise<number> {
  const stopping = new AbortController();
  // A second Ctrl-C has no effect: the process is already ending, which takes seconds at most.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stopping.abort());
  const cleanups = new Cleanups();
  try {
    const options = readStartOptions(process.argv.slice(2), process.env);
    if (options.help) console.log(START_USAGE);
    else await serve(options, cleanups, stopping.signal);
    return 0;
  } catch (error) {
    if (stopping.signal.aborted) return 0;
    console.error(error instanceof Error ? error.message : error);
    return 1;
  } finally {
    await cleanups.run();
  }
}

/** Serves until `signal` aborts; rejects if something fails or ends by itself. */
async function serve(options: StartOptions, cleanups: Cleanups, signal: AbortSignal): Promise<void> {
  requireGit();
  await requireFreePort(options.port);
  const local = !process.env.E2B_API_KEY;
  const folder = await stateFolder(options.port, local);
  if (local) cleanups.add(() => rm(folder, { recursive: true, force: true }));

  console.error(local ? "starting the sample remote, the local sandbox host and the Worker" : "starting the Worker");
  const services = local ? await startLocalServices(folder, cleanups) : undefined;
  for (const warning of services?.host.warnings ?? []) console.error(`warning: ${warning}`);
  if (services?.host.egress === false) {
    console.error("warning: sandboxes reach whatever this machine does: it gives them no network of their own");
  }
  // Sandboxes on this machine can reach the Worker at this address.
  const here = services && { ...services.bindings, PUBLIC_URL: `http://127.0.0.1:${options.port}` };
  const settings = startSettings(process.env, here);
  const worker = await startWorkerd({
    // A lease lives for minutes, so its key need not outlive the Worker.
    bindings: { LEASE_KEY: newLeaseKey(), ...settings.bindings },
    port: options.port,
    storageDir: join(folder, OBJECTS_FOLDER),
    log: (line, stream) => (options.verbose || stream === "stderr") && console.error(line),
    signal,
  });
  cleanups.add(() => worker.close());
  await requireHealth(worker);
  await warm(worker, settings, signal);

  const { url } = worker;
  announce(options, url, settings.key, services);
  const ended = worker.ended.then(() => {
    throw new Error("the Worker ended; everything else was stopped");
  });
  const stopped = signal.aborted ? Promise.resolve() : once(signal, "abort");
  if (options.demo) await Promise.race([stopped, ended, selfCheck(url, settings.key, services, signal)]);
  await Promise.race([stopped, ended]);
}

/** Rejects with one line for the user if a setting is missing or wrong. */
async function requireHealth({ url }: Workerd): Promise<void> {
  const response = await fetch(`${url}/healthz`);
  if (!response.ok) throw new Error(`the Worker cannot serve: ${problemText(await response.json())}`);
}

/** Warms the pool before the first clone; if that fails, the first clone starts a sandbox of its own. */
async function warm({ url }: Workerd, { bindings, key }: StartSettings, signal: AbortSignal): Promise<void> {
  const { pool, operatorKey } = parseConfig(bindings);
  if (pool.min === 0 || (await poolWarmed(url, { key, operatorKey }, signal))) return;
  if (!signal.aborted) console.error("warning: the pool is not known to be warm; the first clone may take longer");
}

/** With a real E2B account the Worker's state of its sandboxes is kept after a stop; local sandboxes are not kept. */
async function stateFolder(port: number, local: boolean): Promise<string> {
  const folder = join(ROOT, ".warmtree", local ? `local-${port}` : `e2b-${port}`);
  if (local) await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return folder;
}

function announce({ json }: StartOptions, url: string, key: string, services: LocalServices | undefined): void {
  const remotes = Object.values(services?.remotes ?? {});
  if (json) console.log(JSON.stringify({ url, key, remotes }));
  else console.log(`ready ${url}`);
  const lines = [
    "",
    `key      ${key}`,
    `page     ${url}/`,
    ...(services
      ? [`remotes  ${remotes.join("\n         ")}`, `sandboxes on this machine: ${services.host.url}`]
      : [
          "sandboxes at E2B, with your E2B_API_KEY",
          "template  this Worker builds none by itself (docs/operations.md)",
        ]),
    "",
    "From another shell:",
    "",
    // run.mjs sets no_proxy if there is a proxy; another shell has no such exception.
    ...curlLines(url, key, services?.remotes.small ?? EXAMPLE_REPOSITORY, process.env.no_proxy !== undefined),
    "",
  ];
  (json ? console.error : console.log)(lines.join("\n"));
}

async function selfCheck(
  url: string,
  key: string,
  services: LocalServices | undefined,
  signal: AbortSignal,
): Promise<void> {
  if (!services) {
    console.error("The main job was not tried: sandboxes at E2B cannot reach a sample remote on this machine.");
    return;
  }
  console.error(`The main job, on ${services.remotes.large}:\n${STEP_HEADING}`);
  const { ok, faults } = await runMainJob({
    url,
    key,
    repoUrl: services.remotes.large,
    agentId: "self",
    taskId: "check",
    operations: ["clone", "edit", "diff", "push"],
    counters: () => services.host.counters(),
    // The warm pool and repository snapshots are made at the same time.
    boundsCosts: false,
    onStep: (step) => console.error(stepLine(step)),
  });
  if (signal.aborted) return;
  console.error(ok ? "It works: the remote holds what was pushed.\n" : `It FAILED:\n${faults.join("\n")}\n`);
}
