import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { ConnectError } from "../connect/error.ts";
import type { Sandbox } from "../state/sandbox.ts";

export interface TerminalSize {
  readonly cols: number;
  readonly rows: number;
}

interface Command {
  readonly cmd: string;
  readonly args: readonly string[];
}

/** Node cannot open a pseudo-terminal, but util-linux `script` can run a command in one and pass it through. */
export function ptyCommand(cmd: string, args: readonly string[], size: TerminalSize): Command {
  if (process.platform !== "linux") {
    throw new ConnectError(
      "unimplemented",
      `terminals need util-linux script, which ${process.platform} does not have`,
    );
  }
  const resize = size.cols > 0 && size.rows > 0 ? `stty cols ${size.cols} rows ${size.rows}; ` : "";
  const command = `${resize}exec ${[cmd, ...args].map(shellQuote).join(" ")}`;
  return { cmd: "script", args: ["--quiet", "--return", "--flush", "--command", command, "/dev/null"] };
}

/** Sets the size of the terminal that `script` process `pid` made. @throws ConnectError */
export async function resizePty(sandbox: Sandbox, pid: number, { cols, rows }: TerminalSize): Promise<void> {
  const terminal = terminalOf(pid);
  if (terminal === undefined) throw new ConnectError("internal", "error resizing tty: the terminal is gone");
  const { exited } = await sandbox.machine.launch({
    user: "user",
    cmd: "stty",
    args: ["-F", terminal, "cols", String(cols), "rows", String(rows)],
    cwd: "/",
    env: sandbox.environment("user"),
    stdin: "closed",
  });
  const { code } = await exited;
  if (code !== 0) throw new ConnectError("internal", `error resizing tty: stty ended with code ${code}`);
}

/** The terminal on which the child of `script` runs. */
function terminalOf(pid: number): string | undefined {
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const parent = /^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${name}/status`, "latin1"))?.[1];
      if (parent !== String(pid)) continue;
      const path = readlinkSync(`/proc/${name}/fd/0`);
      if (path.startsWith("/dev/pts/")) return path;
    } catch {
      // Gone since the directory was read, or somebody else's.
    }
  }
  return undefined;
}

function shellQuote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
