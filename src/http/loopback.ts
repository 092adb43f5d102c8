import type { Config } from "../config.ts";
import { WarmtreeError } from "../errors.ts";

/** Names of this machine, as URLs have them. */
export const LOOPBACK_HOSTS: ReadonlySet<string> = new Set(["127.0.0.1", "localhost", "[::1]"]);

/**
 * Host name or address, with an optional port (RFC 9110, section 7.2); excludes characters that a URL gives another
 * meaning.
 */
const HOST = /^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d*)?$/i;

/** Requests served while a key is not set, for the error message. */
export const SERVED: Readonly<Record<Config["loopbackAccess"], string>> = {
  keyed: "no requests are",
  open: "only requests to 127.0.0.1 or localhost are",
};

/**
 * Whether a request needs no key while the operator has set none. A web page can point its own name at this machine's
 * address (DNS rebinding), but its requests then carry that name; so only the machine's own names qualify.
 * @throws invalid_input
 */
export function isOpenTo(request: Request, { loopbackAccess }: Config): boolean {
  return LOOPBACK_HOSTS.has(hostnameOf(request)) && loopbackAccess === "open";
}

/**
 * Returns the host name that a request was sent to.
 * @throws invalid_input if the Host header holds none
 */
export function hostnameOf({ url, headers }: Pick<Request, "url" | "headers">): string {
  const parsed = URL.parse(url);
  if (parsed !== null && HOST.test(headers.get("Host") ?? parsed.host)) return parsed.hostname;
  throw new WarmtreeError("invalid_input", "The Host header must be a host name, with or without a port.", {
    field: "Host",
  });
}
