import type { Config } from "../config.ts";
import { WarmtreeError } from "../errors.ts";

const LOOPBACK_HOSTS: ReadonlySet<string> = new Set(["127.0.0.1", "localhost", "[::1]"]);

/** A name or an address, and perhaps a port (RFC 9110, section 7.2): nothing that a URL would read as another part of it. */
const HOST = /^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d*)?$/i;

/** What is served while a key is not set, for the refusal of everything else. */
export const SERVED: Readonly<Record<Config["loopbackAccess"], string>> = {
  keyed: "no requests are",
  open: "only requests to 127.0.0.1 or localhost are",
};

/**
 * Whether a request needs no key of the operator's making while there is none. A web page can give its own name this
 * machine's address (DNS rebinding), but its requests then carry that name: true for the machine's own names alone. Throws
 * invalid_input.
 */
export function isOpenTo(request: Request, { loopbackAccess }: Config): boolean {
  return LOOPBACK_HOSTS.has(hostnameOf(request)) && loopbackAccess === "open";
}

/** The host name that a request was sent to. Throws invalid_input where its Host header holds none. */
export function hostnameOf({ url, headers }: Pick<Request, "url" | "headers">): string {
  const parsed = URL.parse(url);
  if (parsed !== null && HOST.test(headers.get("Host") ?? parsed.host)) return parsed.hostname;
  throw new WarmtreeError("invalid_input", "The Host header must be a host name, with or without a port.", {
    field: "Host",
  });
}
