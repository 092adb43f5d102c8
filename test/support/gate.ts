import { createServer, type IncomingHttpHeaders, type IncomingMessage, request, type ServerResponse } from "node:http";
import { createGzip } from "node:zlib";
import { listen } from "../../scripts/support/listen.ts";

interface GateFaults {
  /** Cuts off responses to POST after so many bytes. */
  readonly cutAfter?: number;
  /** Ends responses to a method after so many bytes, as if they were complete. */
  readonly ends?: { readonly method: string; readonly after: number };
  /** Compresses responses with gzip, whether or not the request asked for it. */
  readonly packs?: boolean;
  /** Responds itself. */
  readonly instead?: (headers: IncomingHttpHeaders) => Instead;
}

interface Instead {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Passes requests on to a git host, and keeps their headers. */
export interface Gate {
  readonly url: string;
  /** Sets the address of the git host. */
  lead(url: string): void;
  setFaults(faults: GateFaults): void;
  /** Returns the headers of every request since the last call. */
  received(): IncomingHttpHeaders[];
  /** Stops listening until `open`. */
  shut(): Promise<void>;
  open(): Promise<void>;
}

export async function startGate(): Promise<Gate> {
  let target = new URL("http://127.0.0.1");
  let faults: GateFaults = {};
  let received: IncomingHttpHeaders[] = [];

  const pass = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    received.push(incoming.headers);
    if (faults.instead) {
      const { status, headers: own = {}, body = "" } = faults.instead(incoming.headers);
      outgoing.writeHead(status, own).end(body);
      return;
    }
    const { hostname, port, host } = target;
    const { method, headers, url: path } = incoming;
    const asked = request({ hostname, port, path, method, headers: { ...headers, host } });
    asked.on("response", (answer) => {
      const { ends } = faults;
      if (ends !== undefined && ends.method === method) endEarly(answer, outgoing, ends.after);
      else answerWith(answer, outgoing, method === "POST" ? faults.cutAfter : undefined);
    });
    asked.on("error", () => outgoing.destroy());
    incoming.pipe(asked);
  };
  const answerWith = (answer: IncomingMessage, outgoing: ServerResponse, cutAfter = Infinity) => {
    const packed = faults.packs === true ? createGzip() : undefined;
    outgoing.writeHead(answer.statusCode ?? 500, { ...answer.headers, ...(packed && { "content-encoding": "gzip" }) });
    let bytes = 0;
    const body = packed ? answer.pipe(packed) : answer;
    body.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > cutAfter) outgoing.destroy();
      else outgoing.write(chunk);
    });
    body.on("end", () => outgoing.end());
  };

  const endEarly = (answer: IncomingMessage, outgoing: ServerResponse, after: number) => {
    const whole: Buffer[] = [];
    answer.on("data", (chunk: Buffer) => whole.push(chunk));
    answer.on("end", () => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers).end(Buffer.concat(whole).subarray(0, after));
    });
  };

  const server = createServer(pass);
  const port = await listen(server);
  return {
    url: `http://127.0.0.1:${port}`,
    lead: (url) => (target = new URL(url)),
    setFaults: (replacement) => (faults = replacement),
    received: () => {
      const all = received;
      received = [];
      return all;
    },
    shut: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
    open: async () => void (await listen(server, port)),
  };
}
