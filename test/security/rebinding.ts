import { type RawRequest, sendRaw } from "./raw-request.ts";

export interface Route {
  readonly method: string;
  readonly path: string;
}

export interface Rebinding {
  /** Number of requests sent. */
  readonly tried: number;
  /** Requests that were not refused, each with the status of its answer. */
  readonly served: readonly string[];
}

/** Names of an attacker's page, which its DNS server has moved to 127.0.0.1 after the page was loaded. */
const PAGE_HOSTS = ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example"];

/** Headers from which a server, or a proxy before it, could take the name that the client asked for. */
const CLAIMS = [
  "MF-Original-URL",
  "MF-Original-Hostname",
  "X-Forwarded-Host",
  "X-Forwarded-Server",
  "X-Original-Host",
  "X-Host",
  "X-Original-URL",
  "Forwarded",
] as const;

const SEND_AT_ONCE = 8;

/**
 * Sends every request that a web page could send after DNS rebinding: to its own name, which now leads to this machine,
 * with any header, as the browser takes the request for one of the page's own origin. Also sends requests that no
 * browser would: with a URL of this machine as the target.
 * @param port of the server on 127.0.0.1
 * @param refusals statuses of a refusal
 * @param hosts other names than PAGE_HOSTS
 */
export async function rebind(
  port: number,
  routes: readonly Route[],
  refusals: readonly number[],
  hosts: readonly string[] = PAGE_HOSTS,
): Promise<Rebinding> {
  const requests = routes.flatMap((route) => hosts.flatMap((host) => requestsTo(port, route, `${host}:${port}`)));
  const served: string[] = [];
  const waiting = requests.values();
  const send = async () => {
    for (const request of waiting) {
      const status = await sendRaw(port, request);
      if (!refusals.includes(status)) served.push(`${status} ${JSON.stringify(request)}`);
    }
  };
  await Promise.all(Array.from({ length: SEND_AT_ONCE }, send));
  return { tried: requests.length, served };
}

function requestsTo(port: number, { method, path }: Route, host: string): RawRequest[] {
  const own = `http://localhost:${port}${path}`;
  const common = [
    ["Host", host],
    ["Origin", `http://${host}`],
    ["Sec-Fetch-Site", "same-origin"],
    ["Authorization", "Bearer dev"],
    ["X-API-KEY", "local"],
    ["Content-Type", "application/json"],
    ["Accept", "application/json, text/event-stream"],
  ] as const;
  const claims = CLAIMS.map((name) => [name, claimed(name, own)] as const);
  const bodies = method === "POST" || method === "PUT" ? { body: "{}" } : {};
  return [path, own, `http://${host}${path}`].flatMap((target) =>
    [[], ...claims.map((claim) => [claim]), claims].map((extra) => ({
      method,
      target,
      headers: [...common, ...extra],
      ...bodies,
    })),
  );
}

function claimed(name: (typeof CLAIMS)[number], own: string): string {
  const { host } = new URL(own);
  switch (name) {
    case "MF-Original-URL":
    case "X-Original-URL":
      return own;
    case "Forwarded":
      return `for=127.0.0.1;host="${host}";proto=http`;
    case "MF-Original-Hostname":
    case "X-Forwarded-Host":
    case "X-Forwarded-Server":
    case "X-Original-Host":
    case "X-Host":
      return host;
  }
}
