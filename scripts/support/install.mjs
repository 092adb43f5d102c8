import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const PROGRESS_INTERVAL_MS = 2_000;

/**
 * True when node_modules holds exactly what package-lock.json asks for. npm writes node_modules/.package-lock.json as
 * the last act of an installation, so a broken-off one never counts, and one made by hand with `npm ci` does.
 * Optional packages may be absent: npm leaves out those of other platforms.
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
    // Missing or unreadable means the same to the caller: install, and let npm name the fault.
    return undefined;
  }
}

/**
 * Runs `npm ci` and tells on stderr what it does at least every two seconds.
 * @param {string} root directory of package.json
 * @param {(child: import("node:child_process").ChildProcess) => void} onStart receives npm, to pass signals on
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

/** The npm that runs this script, started by path: its own shebang would find a node inside the folder it replaces. */
function npmCommand() {
  const cli = process.env.npm_execpath;
  return cli?.endsWith("npm-cli.js") ? { command: process.execPath, args: [cli] } : { command: "npm", args: [] };
}
