import { ConnectError } from "../connect/error.ts";
import { runToEnd } from "../machine/run.ts";
import type { Sandbox } from "../state/sandbox.ts";

export interface TerminalSize {
  readonly cols: number;
  readonly rows: number;
}

interface Command {
  readonly cmd: string;
  readonly args: readonly string[];
}

/** Sets the size (`$2`, `$3`) of the terminal on which the child of `script` process `$1` runs. */
const RESIZE_SCRIPT = `
for process in /proc/[0-9]*; do
  while read -r key value; do
    if [ "$key" = PPid: ] && [ "$value" = "$1" ]; then
      exec stty -F "$(readlink "$process/fd/0")" cols "$2" rows "$3"
    fi
  done < "$process/status"
done 2>/dev/null
exit 1`;

/** Returns a command that runs `cmd` in a pseudo-terminal, with util-linux `script`, because Node cannot open one. */
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
export async function resizePty({ machine }: Sandbox, pid: number, size: TerminalSize): Promise<void> {
  const args = ["-c", RESIZE_SCRIPT, "resize", String(pid), String(size.cols), String(size.rows)];
  const { code } = await runToEnd(machine, { user: "user", cmd: "/bin/sh", args, cwd: "/", env: machine.env });
  if (code !== 0) throw new ConnectError("internal", `error resizing tty: the terminal of process ${pid} is gone`);
}

function shellQuote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
