import type { ExitStatus, LaunchRequest, Machine } from "./machine.ts";

/** Runs a process to its end and passes its output to `onLine`, line by line. @throws LaunchError */
export async function runToEnd(
  machine: Machine,
  request: Omit<LaunchRequest, "stdin">,
  onLine: (line: string) => void = () => undefined,
): Promise<ExitStatus> {
  const { stdout, stderr, exited } = await machine.launch({ ...request, stdin: "closed" });
  const drained = [stdout, stderr].map(async (stream) => {
    let rest = "";
    stream.setEncoding("utf8");
    for await (const text of stream) {
      const lines = (rest + String(text)).split("\n");
      rest = lines.pop() ?? "";
      lines.forEach(onLine);
    }
    if (rest !== "") onLine(rest);
  });
  await Promise.all(drained);
  return exited;
}

/** Returns the command with which E2B runs a command line. */
export function bashCommand(line: string): { readonly cmd: string; readonly args: readonly string[] } {
  return { cmd: "/bin/bash", args: ["-l", "-c", line] };
}
