import { listen } from "./listen.ts";
import { createServer } from "node:net";
import { once } from "node:events";

/** A port of 127.0.0.1 that nobody listens on; the kernel does not give it out again soon. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  server.close();
  await once(server, "close");
  return port;
}
