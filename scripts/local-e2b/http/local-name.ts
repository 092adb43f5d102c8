import type { IncomingMessage } from "node:http";

const LOCAL_NAME = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?$/i;

/**
 * Whether a request was sent to a name that is this machine's own. A web page can give its own name this machine's address
 * (DNS rebinding); its requests then carry that name.
 */
export function isToLocalName({ headers: { host = "" } }: IncomingMessage): boolean {
  return LOCAL_NAME.test(host);
}
