import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { listen } from "../../scripts/support/listen.ts";

/** A request that a receiver got. */
export interface ReceivedRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A server that receives webhooks. */
export interface Receiver {
  readonly url: string;
  readonly received: readonly ReceivedRequest[];
  close(): Promise<void>;
}

interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** @param reply returns the answer to a request */
export async function startReceiver(reply: (request: ReceivedRequest) => Reply): Promise<Receiver> {
  const received: ReceivedRequest[] = [];
  const take = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const { url = "", headers: sent } = incoming;
    const request = { path: url, headers: single(sent), body: await text(incoming) };
    received.push(request);
    const { status, headers = {} } = reply(request);
    outgoing.writeHead(status, headers).end("answered");
  };
  const server = createServer((incoming, outgoing) => void take(incoming, outgoing));
  const port = await listen(server);
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

const single = (headers: IncomingHttpHeaders) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
