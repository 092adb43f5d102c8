import { createServer, type IncomingHttpHeaders, type IncomingMessage, request, type ServerResponse } from "node:http";
import { listen } from "../../scripts/support/listen.ts";

/**
 * A fault of one request. `answer`: the proxy answers itself; `cut…`: the connection ends after this many bytes of the
 * answer, or this text in it; `unsent`: before the request is forwarded; `left`: after it is forwarded.
 */
type Fault =
  | { readonly answer: { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string } }
  | { readonly cutAfterBytes: number }
  | { readonly cutAfterText: string }
  | { readonly unsent: true }
  | { readonly left: true };

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

export interface FaultyProxy {
  readonly url: string;
  /** Requests received, oldest first. */
  readonly seen: Seen[];
  /** Faults of the next requests, in order. */
  readonly faults: Fault[];
  /** Returns the fault of a request when the list is empty. */
  onEach: (seen: Seen) => Fault | undefined;
  /** Clears the requests seen and the faults. */
  reset(): void;
  close(): Promise<void>;
}

/** Starts a proxy in front of a Warmtree that does to requests and answers the harm that networks and gateways do. */
export async function startFaultyProxy(target: string): Promise<FaultyProxy> {
  const server = createServer((near, answer) => {
    const seen = { method: near.method ?? "", url: near.url ?? "", headers: near.headers };
    proxy.seen.push(seen);
    const fault = proxy.faults.shift() ?? proxy.onEach(seen);
    if (fault && "unsent" in fault) near.socket.destroy();
    else if (fault && "answer" in fault) {
      answer.writeHead(fault.answer.status, fault.answer.headers).end(fault.answer.body);
    } else forward(target, near, answer, fault);
  });
  const port = await listen(server);
  const proxy: FaultyProxy = {
    url: `http://127.0.0.1:${port}`,
    seen: [],
    faults: [],
    onEach: () => undefined,
    reset: () => {
      proxy.onEach = () => undefined;
      proxy.faults.length = 0;
      proxy.seen.length = 0;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
}

function forward(target: string, near: IncomingMessage, answer: ServerResponse, fault: Fault | undefined): void {
  const { method, headers } = near;
  const limit = fault && "cutAfterBytes" in fault ? fault.cutAfterBytes : Infinity;
  const lastText = fault && "cutAfterText" in fault ? fault.cutAfterText : undefined;
  const isLeft = fault !== undefined && "left" in fault;
  const far = request(`${target}${near.url}`, { method: method ?? "GET", headers }, (response) => {
    if (isLeft) return void response.resume();
    if (limit === 0) return void near.socket.destroy();
    let left = limit;
    let text = "";
    answer.writeHead(response.statusCode ?? 502, response.headers).flushHeaders();
    // Cuts only when the next bytes come: by then, the bytes written before have arrived.
    response.on("data", (chunk: Buffer) => {
      if (left <= 0) return cut();
      answer.write(chunk.subarray(0, left));
      left -= chunk.length;
      text += chunk.toString();
      if (lastText !== undefined && text.includes(lastText)) left = 0;
    });
    response.on("end", () => (left <= 0 ? cut() : answer.end()));
    response.on("error", cut);
  });
  const cut = () => {
    far.destroy();
    // Sends the bytes written before it closes.
    answer.socket?.destroySoon();
  };
  far.on("error", () => near.socket.destroy());
  if (isLeft) far.once("finish", () => near.socket.destroy());
  else answer.once("close", () => far.destroy());
  near.pipe(far);
}
