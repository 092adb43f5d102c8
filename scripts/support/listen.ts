import type { Server } from "node:net";

/** Listens on 127.0.0.1. Rejects if the port is taken. @returns the port */
export async function listen(server: Server, port = 0): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("the server does not listen on TCP");
  return address.port;
}
