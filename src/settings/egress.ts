import { LOOPBACK } from "./values.ts";

/** E2B finds out names on these ports alone: by HTTP's Host and TLS's server name. */
const NAMED_PORTS = new Set(["", "80", "443"]);
const ADDRESS = /^(?:\d+(?:\.\d+){3}|\[.*\])$/;

interface BrokerSettings {
  readonly CREDENTIALS?: "broker" | "env" | undefined;
  readonly LEASE_KEY: readonly unknown[];
  readonly PUBLIC_URL?: string | undefined;
}

/**
 * Returns the only host that sandboxes need, as E2B's allow list names it; undefined without a broker, without an address
 * that is known when a sandbox is created, and where E2B's list has no entry for it.
 */
export function brokerHost({ CREDENTIALS, LEASE_KEY, PUBLIC_URL }: BrokerSettings): string | undefined {
  if (CREDENTIALS === "env" || LEASE_KEY.length === 0 || PUBLIC_URL === undefined) return undefined;
  const { protocol, hostname, port } = new URL(PUBLIC_URL);
  // E2B reaches no such address; a sandbox host on this machine lets out to a port of it, and to no other.
  if (LOOPBACK.test(hostname)) return `${hostname}:${port || (protocol === "https:" ? 443 : 80)}`;
  if (ADDRESS.test(hostname)) return hostname.replaceAll(/[[\]]/g, "");
  return NAMED_PORTS.has(port) ? hostname : undefined;
}
