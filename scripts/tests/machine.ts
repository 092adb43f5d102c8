import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { release } from "node:os";

/** Programs of the machine that tests start, and how they tell their version. */
const PROGRAMS = [
  ["git", "--version"],
  ["bash", "--version"],
  ["perl", "--version"],
  ["curl", "--version"],
] as const;

/** Variables that differ from one terminal to the next, and change nothing but looks. */
const LOOKS =
  /^(?:npm_\w+|_|SHLVL|PWD|OLDPWD|INIT_CWD|TERM\w*|COLOR\w*|COLUMNS|LINES|EDITOR|WINDOWID|DISPLAY|(?:SSH|TMUX|XDG|DBUS|VSCODE)_\w+)$/;

/** A text that is the same as long as this machine does the same with the same files, as far as can be told. */
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
