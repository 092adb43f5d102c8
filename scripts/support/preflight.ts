import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";

/** Throws an Error with one line for the user when git cannot be run. */
export function requireGit(): void {
  try {
    execFileSync("git", ["--version"], { stdio: "ignore" });
  } catch {
    throw new Error("git is needed and was not found; install it (https://git-scm.com/downloads) and start again");
  }
}

/** Rejects with one line for the user when no process can listen on that port of 127.0.0.1. */
export async function requireFreePort(port: number): Promise<void> {
  const server = createServer().listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch (error) {
    const reason =
      error instanceof Error && "code" in error && error.code === "EADDRINUSE" ? "in use" : "not available";
    throw new Error(`port ${port} is ${reason}; choose another one: npm start -- --port <port>`, { cause: error });
  }
  server.close();
  await once(server, "close");
}
