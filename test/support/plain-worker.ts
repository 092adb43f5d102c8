import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { freePort } from "../../scripts/support/free-port.ts";
import { endWithParent, stopProcess } from "../../scripts/support/processes.ts";
import { runTool, toolPath } from "../../scripts/support/tools.ts";
import { until } from "./until.ts";

/** A Worker other than the product's, in bare workerd. It ends with the test. */
export interface PlainWorker {
  readonly url: string;
  /** Returns the Worker's log. */
  log(): string;
}

/**
 * Bundles a Worker as `wrangler deploy` would, and serves it.
 * @param config its wrangler.toml
 * @param main name of its main module without an ending
 * @param secrets its text bindings
 * @param port absent: any free one
 */
export async function startPlainWorker(
  config: string,
  main: string,
  secrets: Readonly<Record<string, string>>,
  port?: number,
): Promise<PlainWorker> {
  const folder = await mkdtemp(join(tmpdir(), "warmtree-plain-worker-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const { ok, output } = await runTool("wrangler", ["deploy", "--config", config, "--dry-run", "--outdir", folder]);
  if (!ok || output.includes("WARNING")) throw new Error(`it does not bundle:\n${output}`);

  const ownPort = port ?? (await freePort());
  const bindings = Object.keys(secrets).map((name) => `(name = "${name}", fromEnvironment = "${name}")`);
  const configuration = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (
    modules = [(name = "main", esModule = embed "${main}.js")],
    compatibilityDate = "2026-10-01",
    bindings = [${bindings.join(", ")}],
  ))],
  sockets = [(name = "http", address = "127.0.0.1:${ownPort}", http = (), service = "main")],
);`;
  await writeFile(join(folder, "config.capnp"), configuration);
  const child = spawn(toolPath("workerd"), ["serve", join(folder, "config.capnp")], { env: { ...secrets } });
  endWithParent(child);
  onTestFinished(() => stopProcess(child));
  const written: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => written.push(chunk));
  const log = () => Buffer.concat(written).toString();
  const url = `http://127.0.0.1:${ownPort}`;
  await until(`a Worker serves: ${log()}`, () =>
    fetch(url).then(
      () => true,
      () => false,
    ),
  );
  return { url, log };
}
