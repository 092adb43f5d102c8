import { listen } from "./listen.ts";
import { createServer } from "node:net";
import { once } from "node:events";

/** Returns a port of 127.0.0.1 on which no process listens; the kernel does not assign it again soon. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  server.close();
  await once(server, "close");
  return port;
}
