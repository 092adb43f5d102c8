import { createServer, request } from "node:http";

export interface KeyProxy {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Starts a proxy that forwards requests with an API key, for a client that sends none. Everything else, including Host,
 * is unchanged. Listens on a free port of 127.0.0.1.
 */
export async function startKeyProxy(target: string, key: string): Promise<KeyProxy> {
  const server = createServer((incoming, answer) => {
    const { method, url, headers } = incoming;
    const forward = request(`${target}${url ?? "/"}`, {
      method,
      headers: { ...headers, authorization: `Bearer ${key}` },
    });
    forward.on("response", (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(answer);
    });
    forward.on("error", (error) => answer.destroy(error));
    // When one side closes its connection, the other side's closes too.
    answer.on("close", () => forward.destroy());
    incoming.pipe(forward);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("the proxy does not listen on TCP");
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
