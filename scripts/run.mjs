/**
 * `node scripts/run.mjs <script> [args…]`: makes sure that the dependencies are installed, then runs the script with a
 * Node that can run TypeScript. It is plain JavaScript without dependencies, because it runs before anything is
 * installed and on any Node from 20 on.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Guard } from "./local-e2b/machine/guard.mjs";
import { install, isInstalled } from "./support/install.mjs";
import { withoutProxyForLoopback } from "./support/no-proxy.mjs";

const MIN_NODE = [20, 0];
/** The first Node that runs TypeScript files without a flag. */
const MIN_TYPESCRIPT_NODE = [22, 18];

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = join(root, "node_modules", ".bin");
const textImports = new URL("support/text-imports.mjs", import.meta.url).href;

/** Interval of the check whether npm still runs. */
const PARENT_POLL_MS = 500;

/** The running child, npm or the script: it gets this process's signals, and ends with it. */
let current;
/** A signal that this process received. */
let interruptedBy;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => interrupt(signal));
const guard = new Guard("TERM", () => interrupt("SIGTERM"));
watchNpm();

process.exitCode = await main(process.argv.slice(2));

async function main([script, ...args]) {
  if (!script) return fail("usage: node scripts/run.mjs <script> [arguments]");
  if (!isAtLeast(MIN_NODE)) return fail(`Node 20 or newer is needed; this is ${process.version}.`);
  if (!isInstalled(root)) {
    const code = await install(root, keep);
    if (interruptedBy) return signalCode(interruptedBy);
    if (code !== 0) return code;
  }
  const node = typescriptNode();
  if (!node) {
    return fail(`Node 22.18 or newer is needed on ${process.platform}-${process.arch}; this is ${process.version}.`);
  }
  return run(node, [script, ...args]);
}

/** Returns the Node pinned in package.json if its platform has one, else the running Node if it is new enough. */
function typescriptNode() {
  const pinned = join(bin, "node");
  if (existsSync(pinned)) return pinned;
  return isAtLeast(MIN_TYPESCRIPT_NODE) ? process.execPath : undefined;
}

function run(node, args) {
  const env = { ...withoutProxyForLoopback(process.env), PATH: `${bin}${delimiter}${process.env.PATH ?? ""}` };
  const child = spawn(node, ["--import", textImports, ...args], { stdio: "inherit", env });
  keep(child);
  return new Promise((resolve) => {
    child.on("error", (error) => resolve(fail(`${node} could not be started: ${error.message}`)));
    child.on("exit", (code, signal) => resolve(code ?? signalCode(signal)));
  });
}

/** Makes a child the current one, which ends with this process. */
function keep(child) {
  current = child;
  // Undefined: the child could not be started.
  if (child.pid === undefined) return;
  guard.add(child.pid);
  child.once("exit", () => guard.drop(child.pid));
}

function interrupt(signal) {
  interruptedBy = signal;
  current?.kill(signal);
}

/** Interrupts the script when npm is gone: a killed npm forwards no signal, and its child gets another parent. */
function watchNpm() {
  if (process.env.npm_lifecycle_event === undefined) return;
  const npm = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === npm) return;
    clearInterval(timer);
    interrupt("SIGTERM");
  }, PARENT_POLL_MS);
  timer.unref();
}

function isAtLeast([major, minor]) {
  const [ownMajor, ownMinor] = process.versions.node.split(".").map(Number);
  return ownMajor > major || (ownMajor === major && ownMinor >= minor);
}

/** Returns the exit code that shells use for a process ended by a signal. */
function signalCode(signal) {
  return 128 + constants.signals[signal];
}

function fail(message) {
  console.error(message);
  return 1;
}
