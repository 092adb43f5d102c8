/** Names that stand for a machine or a network nearby (RFC 6761, RFC 6762, RFC 8375, ICANN's .internal). */
const NEARBY = /(?:^|\.)(?:localhost|local|internal|intranet|lan|home|corp|arpa)$/;
const IPV4 = /^\d+(?:\.\d+){3}$/;

/** Whether a host is a name of the public Internet. IP addresses are not, so none is accepted. */
function isPublicName(host: string): boolean {
  const name = host.replace(/\.$/, "");
  return !name.startsWith("[") && !IPV4.test(name) && name.includes(".") && !NEARBY.test(name);
}

/**
 * Checks an address that a git host names for an object. Accepts the host itself, another host of the allow list, or
 * https with a public name and the usual port.
 * @param origin of the repository
 * @returns undefined for any other address
 */
export function objectAddress(href: string, origin: string, allowedHosts: readonly string[]): URL | undefined {
  const url = URL.parse(href);
  if (!url || url.username !== "" || url.password !== "") return undefined;
  if (url.origin === origin) return url;
  const isSecure = url.protocol === "https:";
  if (allowedHosts.includes(isSecure ? url.host : url.origin)) return url;
  return isSecure && url.port === "" && isPublicName(url.hostname) ? url : undefined;
}
