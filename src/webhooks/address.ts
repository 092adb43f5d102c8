import type { Config } from "../config.ts";
import { LOOPBACK } from "../settings/values.ts";
import { isPublicIp } from "./ip.ts";

const MAX_URL_LENGTH = 2048;
/** Ports below belong to other protocols, which might take a request for theirs; receivers without root are above. */
const FIRST_FREE_PORT = 1024;
/** Names that mean something in one network only. */
const PRIVATE_NAME = /(?:^|\.)(?:localhost|localdomain|local|internal|home\.arpa)$/;
const IP_LITERAL = /^(?:\d+(?:\.\d+){3}|\[.*\])$/;
/** A URL parser would remove them, or read them as something else. */
const UNUSUAL = /[^\x21-\x7e]|\\/;

export interface AddressRules {
  /** Whether http to this machine is allowed: LOOPBACK_ACCESS is open. */
  readonly loopback: boolean;
  /** Origins of this service, which sends itself nothing. */
  readonly own: readonly string[];
}

/** @param calledAt origin that a request was sent to, which is this service's as well */
export function addressRules(
  { loopbackAccess, publicUrl }: Pick<Config, "loopbackAccess" | "publicUrl">,
  calledAt?: string,
): AddressRules {
  return { loopback: loopbackAccess === "open", own: [publicUrl, calledAt].filter((origin) => origin !== undefined) };
}

export type Address =
  | { readonly ok: true; readonly url: string }
  /** `detail`: the end of a sentence that begins with the URL. */
  | { readonly ok: false; readonly detail: string };

/**
 * Checks the address of a receiver, and returns its normal form. A name that leads to a private address passes: names are
 * resolved later, by who connects.
 */
export function readAddress(text: string, { loopback, own }: AddressRules): Address {
  if (text.length > MAX_URL_LENGTH) return refused(`has more than ${MAX_URL_LENGTH} characters`);
  const url = UNUSUAL.test(text) ? null : URL.parse(text);
  if (url === null || url.href.length > MAX_URL_LENGTH) return refused("is not a URL of printable ASCII characters");
  const { protocol, username, password, hostname } = url;
  if (username !== "" || password !== "") return refused("has a user or password; the signature shows who sends");
  if (text.includes("#")) return refused("has a fragment, which is never sent");
  const owned = own.flatMap((origin) => URL.parse(origin) ?? []).some((ours) => isSameHost(url, ours));
  if (owned) return refused("leads to this service itself");
  if (loopback && LOOPBACK.test(hostname)) {
    return protocol === "http:" || protocol === "https:"
      ? { ok: true, url: url.href }
      : refused("is not http or https");
  }
  if (protocol !== "https:") return refused("is not https");
  if (url.port !== "" && Number(url.port) < FIRST_FREE_PORT) {
    return refused(`names a port other than 443 below ${FIRST_FREE_PORT}`);
  }
  const isPublic = IP_LITERAL.test(hostname) ? isPublicIp(hostname) : isPublicName(hostname);
  return isPublic ? { ok: true, url: url.href } : refused("does not lead to a public host");
}

const refused = (detail: string): Address => ({ ok: false, detail });

/** A name has no trailing dot: with it, `internal.` would be another name than `internal`. */
function isPublicName(name: string): boolean {
  return name.includes(".") && !name.endsWith(".") && !PRIVATE_NAME.test(name);
}

/** This machine's services differ by port; others by name. */
function isSameHost(url: URL, ours: URL): boolean {
  const isLocal = LOOPBACK.test(ours.hostname);
  return isLocal ? LOOPBACK.test(url.hostname) && url.port === ours.port : url.hostname === ours.hostname;
}
