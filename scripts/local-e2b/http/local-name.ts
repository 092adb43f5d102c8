import type { IncomingMessage } from "node:http";

const LOCAL_NAME = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?$/i;

/**
 * Whether the Host of a request is a local name. A web page can point its own name at this machine (DNS rebinding); its
 * requests then carry that name.
 */
export function isToLocalName({ headers: { host = "" } }: IncomingMessage): boolean {
  return LOCAL_NAME.test(host);
}
