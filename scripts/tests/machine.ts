import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { release } from "node:os";

/** Programs of the machine that tests start, and their options to print the version. */
const PROGRAMS = [
  ["git", "--version"],
  ["bash", "--version"],
  ["perl", "--version"],
  ["curl", "--version"],
] as const;

/** Variables that differ between terminals, and change only the appearance. */
const LOOKS =
  /^(?:npm_\w+|_|SHLVL|PWD|OLDPWD|INIT_CWD|TERM\w*|COLOR\w*|COLUMNS|LINES|EDITOR|WINDOWID|DISPLAY|(?:SSH|TMUX|XDG|DBUS|VSCODE)_\w+)$/;

/** Returns a key that stays the same while this machine gives the same results for the same files, as far as known. */
export function machineKey(env: NodeJS.ProcessEnv, versionOf = programVersion): string {
  const variables = Object.keys(env)
    .filter((name) => !LOOKS.test(name))
    .toSorted()
    .map((name) => [name, env[name]]);
  const programs = PROGRAMS.map(([program, option]) => versionOf(program, option));
  const facts = [process.version, process.platform, process.arch, release(), process.getuid?.()];
  return createHash("sha256")
    .update(JSON.stringify([...facts, programs, variables]))
    .digest("hex");
}

function programVersion(program: string, option: string): string {
  try {
    return execFileSync(program, [option], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  } catch {
    return "none";
  }
}
