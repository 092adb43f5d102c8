import { spawn } from "node:child_process";

/** Turns off this machine's settings, and git's own notes that make looking cheap. */
const SETTINGS: readonly (readonly [string, string])[] = [
  ["safe.directory", "*"],
  ["core.untrackedCache", "false"],
  ["core.fsmonitor", "false"],
  ["core.quotePath", "false"],
  ["gc.auto", "0"],
  ["protocol.file.allow", "always"],
];

const ENVIRONMENT = {
  PATH: process.env["PATH"],
  HOME: "/nowhere",
  LC_ALL: "C",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_LITERAL_PATHSPECS: "1",
  GIT_AUTHOR_NAME: "Person",
  GIT_AUTHOR_EMAIL: "person@warmtree.invalid",
  GIT_COMMITTER_NAME: "Person",
  GIT_COMMITTER_EMAIL: "person@warmtree.invalid",
  GIT_CONFIG_COUNT: String(SETTINGS.length),
  ...Object.fromEntries(
    SETTINGS.flatMap(([key, value], n) => [
      [`GIT_CONFIG_KEY_${n}`, key],
      [`GIT_CONFIG_VALUE_${n}`, value],
    ]),
  ),
};

export interface Ended {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Runs a whole look or event in one shell, so that a step costs few processes. `args` are "$1" and so on. */
export function runBash(
  folder: string,
  script: string,
  args: readonly string[],
  more: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const env = { ...ENVIRONMENT, ...more };
    const child = spawn("/bin/bash", ["-c", script, "walk", ...args], {
      cwd: folder,
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const out: Buffer[] = [];
    const errors: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => errors.push(chunk));
    child.once("error", reject);
    child.once("close", (code) =>
      resolve({ code: code ?? -1, stdout: Buffer.concat(out), stderr: Buffer.concat(errors).toString() }),
    );
  });
}
