import {
  hostHeaderValidationResponse,
  localhostAllowedHostnames,
  originValidationResponse,
} from "@modelcontextprotocol/server";

/**
 * A page of another site must not use what a browser can reach (DNS rebinding): browsers say where a page comes from, and
 * other clients say nothing. While everybody on the machine is let in, only the machine's own names are served.
 * @param hostname that the request was sent to
 */
export function refusedByAddress(request: Request, hostname: string, hasKeys: boolean): Response | undefined {
  const loopback = localhostAllowedHostnames();
  const own = loopback.includes(hostname) ? loopback : [hostname];
  return (
    (hasKeys ? undefined : hostHeaderValidationResponse(request, loopback)) ?? originValidationResponse(request, own)
  );
}
