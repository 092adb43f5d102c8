import { type Config, ConfigError } from "../config.ts";
import type { Repository } from "../remote/address.ts";

/**
 * Returns the address at which sandboxes reach this service and its broker; undefined if the broker is off, so that git
 * in the sandbox gets the credentials.
 * @param calledAt origin that the request was sent to
 * @throws ConfigError if CREDENTIALS or SIGNING_KEY asks for the broker, and the address is not known
 */
export function brokerOrigin(config: Config, calledAt: string): string | undefined {
  const { credentials, leaseKeys, signingKeys, publicUrl } = config;
  if (credentials === "env" || leaseKeys.length === 0) return undefined;
  // Sandboxes at E2B cannot reach an address without https: only this machine or a proxy uses it.
  const origin = publicUrl ?? (calledAt.startsWith("https://") ? calledAt : undefined);
  const reason = credentials === "broker" ? "CREDENTIALS is broker" : "SIGNING_KEY is set";
  if (origin === undefined && (credentials === "broker" || signingKeys.length > 0)) {
    throw new ConfigError(
      `Settings are wrong: ${reason}, and the address at which sandboxes reach this service is not known: set PUBLIC_URL`,
    );
  }
  return origin;
}

/** Returns the address of a repository at the broker. */
export function brokerUrl(origin: string, { key }: Repository): string {
  return `${origin}/broker/${key}.git`;
}
