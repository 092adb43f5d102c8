import { envdHas } from "./envd-version.ts";

/** Addresses and key of E2B, or of a service with its API. */
export interface E2bConfig {
  apiKey: string;
  /** Base of the control plane: https://api.e2b.app unless the operator sets another. */
  apiUrl: string;
  /** One envd base for all sandboxes (the local host, a gateway); undefined: E2B's own addresses. */
  sandboxUrl: string | undefined;
  /** Domain of sandboxes whose creation answer has none. */
  domain: string;
}

/** Removes trailing slashes of a base URL; operators write both forms. */
export function withoutSlash(baseUrl: string): string {
  return baseUrl.replace(/\/+$/, "");
}

/** Address of one sandbox's envd. */
export interface SandboxAddress {
  sandboxId: string;
  accessToken?: string;
  domain?: string;
  /** Version of its envd (envd-version.ts); absent: unknown, treated as new. */
  envdVersion?: string;
}

/** E2B ids are `i` and 20 of [a-z0-9]; older ones carry `-` and a client id. Nothing else may become part of a URL. */
export const SANDBOX_ID = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** `team/name:tag` or `id:tag`; it becomes part of a URL, encoded. */
export const SNAPSHOT_ID = /^[A-Za-z0-9][A-Za-z0-9._/:-]{0,254}$/;

const ENVD_PORT = 49_983;

/** Only E2B's own domains serve `sandbox.<domain>`; self-hosted ones route by host name alone. */
const SHARED_HOST_DOMAINS = new Set(["e2b.app", "e2b.dev", "e2b.pro", "e2b-staging.dev"]);

/**
 * Returns the base URL of a sandbox's envd, without a trailing slash. On E2B's domains this is the one shared host,
 * which finds the sandbox by `envdHeaders`: connections are then reused between sandboxes. A host name per sandbox
 * would cost a new sandbox's first operation a DNS look-up and a TLS handshake.
 */
export function envdUrl(config: E2bConfig, address: SandboxAddress): string {
  if (config.sandboxUrl !== undefined) return withoutSlash(config.sandboxUrl);
  const domain = address.domain ?? config.domain;
  return SHARED_HOST_DOMAINS.has(domain)
    ? `https://sandbox.${domain}`
    : `https://${ENVD_PORT}-${address.sandboxId}.${domain}`;
}

/** Returns the headers of every envd request: routing, and the sandbox's own token (never the API key). */
export function envdHeaders(address: SandboxAddress): Record<string, string> {
  return {
    "e2b-sandbox-id": address.sandboxId,
    "e2b-sandbox-port": String(ENVD_PORT),
    ...(address.accessToken === undefined ? {} : { "x-access-token": address.accessToken }),
    ...(envdHas("defaultUser", address.envdVersion) ? {} : { authorization: `Basic ${btoa("user:")}` }),
  };
}
