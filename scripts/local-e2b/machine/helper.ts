import { spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import type { Owner } from "./owner.ts";

/** PATH on which helper processes find mount, pivot_root and similar tools; the host's own may lack the sbin part. */
export const STANDARD_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/** Timeout for a helper that hangs; a start takes tens of milliseconds. */
const READY_TIMEOUT_MS = 10_000;

/** A process of this host that runs until its stdin closes. */
export interface Helper {
  readonly pid: number;
  /** First line of its stdout, printed when it was ready. */
  readonly firstLine: string;
  readonly input: Writable;
  /** Stdout after the first line, as text. */
  readonly output: Readable;
  readonly gone: Promise<void>;
  end(): Promise<void>;
}

/** Starts a helper and waits for its first line. @throws Error with the first line of its stderr */
export async function startHelper(command: string, args: readonly string[], owner: Owner | undefined): Promise<Helper> {
  const options = { stdio: "pipe", detached: true, env: { PATH: STANDARD_PATH }, ...owner } as const;
  const child = spawn(command, args, options);
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (complaint += text));
  // Ignores input to a helper that has ended; `gone` reports its end.
  child.stdin.on("error", () => undefined);
  child.stdout.setEncoding("utf8");
  const gone = new Promise<void>((resolve) => {
    child.once("close", () => resolve());
    child.once("error", (error) => {
      complaint = error.message;
      resolve();
    });
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), READY_TIMEOUT_MS);
  const firstLine = await Promise.race([
    new Promise<string>((resolve) => child.stdout.once("data", (text: string) => resolve(text.trim()))),
    gone.then(() => undefined),
  ]);
  clearTimeout(timer);
  if (firstLine === undefined || child.pid === undefined) {
    throw new Error(complaint.trim().split("\n", 1)[0] || `${command} ended without a word`);
  }
  const end = async (): Promise<void> => {
    child.stdin.end();
    await gone;
  };
  return { pid: child.pid, firstLine, input: child.stdin, output: child.stdout, gone, end };
}
