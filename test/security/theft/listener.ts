import { createServer, type Socket } from "node:net";
import { listen } from "../../../scripts/support/listen.ts";

/** Accepts any connection, and records its bytes: a thief's settings lead here. */
export interface Listener {
  readonly url: string;
  /** Returns all bytes since the last call. */
  heard(): string;
  close(): Promise<void>;
}

/** Asks for credentials, as a git host that requires a password does. */
const ANSWER =
  'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm="x"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n';

export async function startListener(): Promise<Listener> {
  let heard = "";
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      heard += chunk.toString("latin1");
      socket.end(ANSWER);
    });
  });
  const port = await listen(server, 0);
  return {
    url: `http://127.0.0.1:${port}`,
    heard: () => {
      const all = heard;
      heard = "";
      return all;
    },
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
