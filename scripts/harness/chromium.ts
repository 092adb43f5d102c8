import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);

const NAMES = ["chromium", "chromium-browser", "google-chrome"];
/** The download is some 150 MB; without a network apt gives up sooner. */
const INSTALL_TIMEOUT_MS = 180_000;
const APT_OPTIONS = ["-qq", "-o", "Acquire::Retries=0", "-o", "Acquire::http::Timeout=10"];

/** Keeps a browser from using a screen, sound or the network, which this machine may lack. */
export const CHROMIUM_ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Finds Chromium in PATH; if it is missing, root on Debian installs the package. `missing` says why there is none. */
export async function findChromium(): Promise<{ path: string } | { missing: string }> {
  const path = onPath();
  if (path !== undefined) return { path };
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) {
    return { missing: "no chromium on PATH; on Debian, `apt-get install chromium` gets it" };
  }
  try {
    console.warn("Installing Debian's chromium, once; this takes a minute.");
    await install();
    const installed = onPath();
    return installed === undefined ? { missing: "Debian's package has no chromium" } : { path: installed };
  } catch (error) {
    const [reason] = (error instanceof Error ? error.message : String(error)).split("\n");
    return { missing: `no chromium on PATH, and Debian's package cannot be had (${reason})` };
  }
}

function onPath(): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter);
  return folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find((path) => existsSync(path));
}

async function install(): Promise<void> {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const apt = (...args: string[]) =>
    execute("apt-get", [...APT_OPTIONS, ...args], { env, timeout: INSTALL_TIMEOUT_MS });
  const installed = () => apt("install", "-y", "--no-install-recommends", "chromium");
  // A fresh container has no package lists yet.
  await installed().catch(() => apt("update").then(installed));
}
