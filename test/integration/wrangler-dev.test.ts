import { createHash } from "node:crypto";
import { once } from "node:events";
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { endWithParent, stopProcess } from "../../scripts/support/processes.ts";
import { ROOT, toolEnvironment, toolPath } from "../../scripts/support/tools.ts";
import { sendRaw } from "../security/raw-request.ts";
import { rebind } from "../security/rebinding.ts";
import { freePort } from "../../scripts/support/free-port.ts";
import { until } from "../support/until.ts";

const API_KEY = "wt_a-key-that-nobody-published";
/** One route behind each gate. */
const ROUTES = [
  { method: "GET", path: "/v1/workspaces" },
  { method: "GET", path: "/v1/operator/workspaces" },
  { method: "GET", path: "/metrics" },
  { method: "POST", path: "/mcp" },
];

async function wranglerDev(settings: Readonly<Record<string, string>>): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "warmtree-dev-"));
  const envFile = join(folder, "settings");
  await writeFile(
    envFile,
    Object.entries(settings)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(""),
  );
  const port = await freePort();
  const options = ["--ip=127.0.0.1", `--port=${port}`, "--inspector-port=0", `--env-file=${envFile}`];
  const state = [`--persist-to=${join(folder, "state")}`, "--show-interactive-dev-session=false"];
  const child = spawn(toolPath("wrangler"), ["dev", ...options, ...state], {
    cwd: ROOT,
    env: { ...toolEnvironment(), WRANGLER_LOG_PATH: join(folder, "logs") },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  endWithParent(child, "group");
  onTestFinished(async () => {
    await stopProcess(child);
    await rm(folder, { recursive: true, force: true });
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const ended = once(child, "exit").then(() => {
    throw new Error(`wrangler dev ended: ${output}`);
  });
  const healthy = async () => (await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => undefined))?.ok === true;
  await Promise.race([until("wrangler dev serves", healthy), ended]);
  return port;
}

test("wrangler dev serves nobody without a key of its own, for its proxy lets any page pass for localhost", async () => {
  const entry = `dev=${createHash("sha256").update(API_KEY).digest("hex")}`;
  const port = await wranglerDev({ E2B_API_KEY: "none", API_KEYS: entry });
  const asked = async (key: string, { method, path }: (typeof ROUTES)[number]) => {
    const headers = [
      ["Host", `localhost:${port}`],
      ["Authorization", `Bearer ${key}`],
    ] as const;
    return [path, await sendRaw(port, { method, target: path, headers })];
  };
  for (const route of ROUTES) expect(await asked("dev", route)).toEqual([route.path, 401]);
  expect(await asked(API_KEY, { method: "GET", path: "/v1/workspaces" })).toEqual(["/v1/workspaces", 200]);

  const { tried, served } = await rebind(port, ROUTES, [400, 401, 403]);
  expect({ tried, served }).toEqual({ tried: ROUTES.length * 90, served: [] });
});

test("wrangler dev serves nobody where no key is set", async () => {
  const port = await wranglerDev({ E2B_API_KEY: "none" });
  const { tried, served } = await rebind(port, ROUTES, [400, 401, 403]);
  expect({ tried, served }).toEqual({ tried: ROUTES.length * 90, served: [] });
});
