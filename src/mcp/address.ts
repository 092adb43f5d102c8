import {
  hostHeaderValidationResponse,
  localhostAllowedHostnames,
  originValidationResponse,
} from "@modelcontextprotocol/server";

/**
 * Refuses requests of other sites' pages (DNS rebinding): browsers send a page's origin, other clients send none.
 * Without configured keys, serves only the machine's own names.
 * @param hostname that the request was sent to
 */
export function refusedByAddress(request: Request, hostname: string, hasKeys: boolean): Response | undefined {
  const loopback = localhostAllowedHostnames();
  const own = loopback.includes(hostname) ? loopback : [hostname];
  return (
    (hasKeys ? undefined : hostHeaderValidationResponse(request, loopback)) ?? originValidationResponse(request, own)
  );
}
