import {
  hostHeaderValidationResponse,
  localhostAllowedHostnames,
  originValidationResponse,
} from "@modelcontextprotocol/server";

/**
 * Refuses requests of other sites' pages (DNS rebinding): browsers send a page's origin, other clients send none.
 * Without configured keys, serves only the machine's own names.
 * @param hostname that the request was sent to
 * @param origins whose pages are served, too
 */
export function refusedByAddress(
  request: Request,
  hostname: string,
  hasKeys: boolean,
  origins: readonly string[],
): Response | undefined {
  if (hasKeys && origins.includes(request.headers.get("Origin") ?? "")) return undefined;
  const loopback = localhostAllowedHostnames();
  const own = loopback.includes(hostname) ? loopback : [hostname];
  return (
    (hasKeys ? undefined : hostHeaderValidationResponse(request, loopback)) ?? originValidationResponse(request, own)
  );
}
