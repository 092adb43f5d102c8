/**
 * `node scripts/run.mjs <script> [args…]`: makes sure the dependencies are installed, then runs the script with a Node
 * that can run TypeScript. Plain JavaScript without dependencies, because it runs before anything is installed and on
 * any Node from 20 on.
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

/** How soon the script hears that npm is gone. */
const PARENT_POLL_MS = 500;

/** The process that runs now, npm or the script: signals go to it, and it ends with this one. */
let current;
/** A signal that came before there was a script to pass it to. */
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

/** The Node pinned in package.json where its platform has one, else the one that runs this, when it is new enough. */
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

/** Makes a child the current one. */
function keep(child) {
  current = child;
  // Undefined: it could not be started.
  if (child.pid === undefined) return;
  guard.add(child.pid);
  child.once("exit", () => guard.drop(child.pid));
}

function interrupt(signal) {
  interruptedBy = signal;
  current?.kill(signal);
}

/** npm passes on the signals that it gets, but one that is killed or hung up cannot: its child then gets another parent. */
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

/** The exit code shells use for a process that a signal ended. */
function signalCode(signal) {
  return 128 + constants.signals[signal];
}

function fail(message) {
  console.error(message);
  return 1;
}
