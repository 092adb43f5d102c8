import { connect, createServer, type Socket } from "node:net";
import { listen } from "../../../scripts/support/listen.ts";

/** Passes connections on, and shows every piece of bytes in either direction. */
export interface Wire {
  readonly url: string;
  lead(url: string): void;
  close(): Promise<void>;
}

/** The end of a piece that is shown again with the next, as a text may be cut between them. */
const OVERLAP = 1024;

export async function startWire(show: (text: string) => void): Promise<Wire> {
  let port = 0;
  const sockets = new Set<Socket>();
  const pass = (from: Socket, to: Socket) => {
    sockets.add(from);
    let last = "";
    from.on("data", (chunk) => {
      const text = last + chunk.toString("latin1");
      show(text);
      last = text.slice(-OVERLAP);
    });
    from.on("error", () => to.destroy());
    from.on("close", () => sockets.delete(from));
    from.pipe(to);
  };
  const server = createServer((socket) => {
    const other = connect(port, "127.0.0.1");
    pass(socket, other);
    pass(other, socket);
  });
  const own = await listen(server, 0);
  return {
    url: `http://127.0.0.1:${own}`,
    lead: (url) => (port = Number(new URL(url).port)),
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
