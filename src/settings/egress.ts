import { LOOPBACK } from "./values.ts";

/** Ports on which E2B recognizes host names, by HTTP's Host and TLS's server name. */
const NAMED_PORTS = new Set(["", "80", "443"]);
const ADDRESS = /^(?:\d+(?:\.\d+){3}|\[.*\])$/;

interface BrokerSettings {
  readonly CREDENTIALS?: "broker" | "env" | undefined;
  readonly LEASE_KEY: readonly unknown[];
  readonly PUBLIC_URL?: string | undefined;
}

/**
 * Returns the only host that sandboxes need, in the form of E2B's allow list; undefined without a broker, without an
 * address that is known when a sandbox is created, and if E2B's list cannot name the host.
 */
export function brokerHost({ CREDENTIALS, LEASE_KEY, PUBLIC_URL }: BrokerSettings): string | undefined {
  if (CREDENTIALS === "env" || LEASE_KEY.length === 0 || PUBLIC_URL === undefined) return undefined;
  const { protocol, hostname, port } = new URL(PUBLIC_URL);
  // E2B cannot reach a loopback address. A sandbox host on this machine allows this port, and no other.
  if (LOOPBACK.test(hostname)) return `${hostname}:${port || (protocol === "https:" ? 443 : 80)}`;
  if (ADDRESS.test(hostname)) return hostname.replaceAll(/[[\]]/g, "");
  return NAMED_PORTS.has(port) ? hostname : undefined;
}
