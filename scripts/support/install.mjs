import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const PROGRESS_INTERVAL_MS = 2_000;

/**
 * Whether node_modules has the packages of package-lock.json. npm writes node_modules/.package-lock.json as the last
 * step of an installation, so an interrupted one never counts, and a manual `npm ci` does.
 * Optional packages may be missing: npm leaves out those of other platforms.
 * @param {string} root directory of package.json
 */
export function isInstalled(root) {
  const wanted = readPackages(join(root, "package-lock.json"));
  const installed = readPackages(join(root, "node_modules", ".package-lock.json"));
  if (!wanted || !installed) return false;
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === "") return true;
    const found = installed[path];
    if (!found) return entry.optional === true || entry.devOptional === true;
    return found.version === entry.version && found.integrity === entry.integrity && found.resolved === entry.resolved;
  });
}

/** @param {string} file */
function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8")).packages;
  } catch {
    // A missing and an unreadable file have the same effect: the caller installs, and npm reports the error.
    return undefined;
  }
}

/**
 * Runs `npm ci` and reports its progress on stderr at least every two seconds.
 * @param {string} root directory of package.json
 * @param {(child: import("node:child_process").ChildProcess) => void} onStart receives npm, to forward signals to it
 * @returns {Promise<number>} npm's exit code; its errors were printed
 */
export function install(root, onStart) {
  const startedAt = Date.now();
  const say = (text) => console.error(`[${String(Math.round((Date.now() - startedAt) / 1000)).padStart(3)} s] ${text}`);
  say("npm ci: installing the dependencies of package-lock.json (once per change of that file)");

  const npm = npmCommand();
  const args = [...npm.args, "ci", "--no-audit", "--no-fund", "--loglevel=http"];
  const child = spawn(npm.command, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  onStart(child);

  let fetched = 0;
  const output = [];
  const collect = (chunk) => {
    for (const line of String(chunk).split("\n")) {
      if (/^npm http (fetch|cache) /.test(line)) fetched += 1;
      else if (line.trim() !== "" && !line.includes("EBADENGINE")) output.push(line);
    }
  };
  child.stdout.on("data", collect);
  child.stderr.on("data", collect);

  const progress = setInterval(() => say(`npm ci: ${fetched} downloads so far`), PROGRESS_INTERVAL_MS);
  return new Promise((resolve) => {
    child.on("error", (error) => {
      clearInterval(progress);
      say(`npm could not be started: ${error.message}`);
      resolve(1);
    });
    child.on("close", (code, signal) => {
      clearInterval(progress);
      if (code === 0) say("npm ci: done");
      else {
        if (output.length > 0) console.error(output.join("\n"));
        say(`npm ci ended with ${signal ?? `exit code ${code}`}; nothing was started`);
      }
      resolve(code ?? 1);
    });
  });
}

/** Returns the npm that runs this script, as a path: its shebang would find a node inside the folder it replaces. */
function npmCommand() {
  const cli = process.env.npm_execpath;
  return cli?.endsWith("npm-cli.js") ? { command: process.execPath, args: [cli] } : { command: "npm", args: [] };
}
