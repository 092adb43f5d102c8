import { envdHas } from "./envd-version.ts";

/** How to reach E2B, or anything that speaks its API. */
export interface E2bConfig {
  apiKey: string;
  /** Base of the control plane: https://api.e2b.app unless the operator names another. */
  apiUrl: string;
  /** One base for the envd of all sandboxes (the local host, a gateway); undefined: E2B's own addresses. */
  sandboxUrl: string | undefined;
  /** Where sandboxes are reached when the answer that made them names no domain of its own. */
  domain: string;
}

/** Operators write base URLs with and without a slash at the end; paths are appended to them here. */
export function withoutSlash(baseUrl: string): string {
  return baseUrl.replace(/\/+$/, "");
}

/** What reaching the envd of one sandbox takes. */
export interface SandboxAddress {
  sandboxId: string;
  accessToken?: string;
  domain?: string;
  /** Of its envd (envd-version.ts); absent: not known, so new. */
  envdVersion?: string;
}

/** E2B ids are `i` and 20 of [a-z0-9]; older ones carry `-` and a client id. Anything else must not get into a URL. */
export const SANDBOX_ID = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** `team/name:tag` or `id:tag`; it becomes part of a URL, encoded. */
export const SNAPSHOT_ID = /^[A-Za-z0-9][A-Za-z0-9._/:-]{0,254}$/;

const ENVD_PORT = 49_983;

/** Only E2B's own domains serve `sandbox.<domain>`; a self-hosted one is known to route by host name alone. */
const SHARED_HOST_DOMAINS = new Set(["e2b.app", "e2b.dev", "e2b.pro", "e2b-staging.dev"]);

/**
 * Base URL of a sandbox's envd, without a slash at the end. On E2B's domains that is the one shared host, which finds the
 * sandbox by the headers of `envdHeaders`: connections are then reused from sandbox to sandbox, where a host name
 * for each would cost a new sandbox's first operation a DNS look-up and a TLS handshake.
 */
export function envdUrl(config: E2bConfig, address: SandboxAddress): string {
  if (config.sandboxUrl !== undefined) return withoutSlash(config.sandboxUrl);
  const domain = address.domain ?? config.domain;
  return SHARED_HOST_DOMAINS.has(domain)
    ? `https://sandbox.${domain}`
    : `https://${ENVD_PORT}-${address.sandboxId}.${domain}`;
}

/** Headers every envd request carries: routing, and the sandbox's own token (never the API key). */
export function envdHeaders(address: SandboxAddress): Record<string, string> {
  return {
    "e2b-sandbox-id": address.sandboxId,
    "e2b-sandbox-port": String(ENVD_PORT),
    ...(address.accessToken === undefined ? {} : { "x-access-token": address.accessToken }),
    ...(envdHas("defaultUser", address.envdVersion) ? {} : { authorization: `Basic ${btoa("user:")}` }),
  };
}
