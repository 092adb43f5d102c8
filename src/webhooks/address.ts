import type { Config } from "../config.ts";
import { LOOPBACK } from "../settings/values.ts";
import { isPublicIp } from "./ip.ts";

const MAX_URL_LENGTH = 2048;
/** Lower ports belong to other protocols, which might accept a request as theirs. Receivers without root use others. */
const FIRST_FREE_PORT = 1024;
/** Names that are valid in one network only. */
const PRIVATE_NAME = /(?:^|\.)(?:localhost|localdomain|local|internal|home\.arpa)$/;
const IP_LITERAL = /^(?:\d+(?:\.\d+){3}|\[.*\])$/;
/** Characters that a URL parser would remove or reinterpret. */
const UNUSUAL = /[^\x21-\x7e]|\\/;

export interface AddressRules {
  /** Whether http to this machine is allowed, which means that LOOPBACK_ACCESS is open. */
  readonly loopback: boolean;
  /** Origins of this service, which are refused. */
  readonly own: readonly string[];
}

/** Returns the rules. @param calledAt origin of a request's URL, which is an origin of this service too */
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
 * Checks the address of a receiver, and returns its normal form. Does not resolve names, so a name of a private address
 * passes.
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

/** Whether a host name may be public. Refuses a trailing dot: `internal.` would not match `internal`. */
function isPublicName(name: string): boolean {
  return name.includes(".") && !name.endsWith(".") && !PRIVATE_NAME.test(name);
}

/** Whether two URLs name the same service: on this machine by port, elsewhere by host name. */
function isSameHost(url: URL, ours: URL): boolean {
  const isLocal = LOOPBACK.test(ours.hostname);
  return isLocal ? LOOPBACK.test(url.hostname) && url.port === ours.port : url.hostname === ours.hostname;
}
