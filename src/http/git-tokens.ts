import type { GitTokens } from "../remote/credentials.ts";
import { WarmtreeError } from "../errors.ts";
import { GIT_TOKEN_HEADER } from "../api/schemas.ts";

/** Longer than any git host's token, without characters that could end a header or a line. */
const TOKEN = /^[\x21-\x7e]{1,1024}$/;
const NO_TOKEN = "holds a value that is not a token; a token is 1 to 1024 printable ASCII characters without spaces";
/** More hosts than any caller has tokens for. */
const MAX_TOKENS = 32;

/** Text before the first `=` of a token that ends in `=`, as base64 does. */
const BASE64 = /^[\w+/-]+$/;
/**
 * Text before the `=` inside an Atlassian token; a label of a host name has at most 63 characters (RFC 1035, 2.3.4).
 */
const LONGER_THAN_LABEL = /^[\w-]{64,}$/;

interface Entry {
  /** As written; undefined: the token had no host. */
  readonly host: string | undefined;
  readonly token: string;
}

/**
 * Parses `X-Git-Token: github.com=<token>, git.example:8443=<token>` into tokens by origin. Accepts a token without a
 * host if one host is allowed. Returns undefined without the header.
 * @param allowedHosts in the format of ALLOWED_GIT_HOSTS
 * @throws invalid_input, without quoting the header
 */
export function gitTokensOf(headers: Headers, allowedHosts: readonly string[]): GitTokens | undefined {
  const value = headers.get(GIT_TOKEN_HEADER);
  if (value === null) return undefined;
  const hosts = [...new Set(allowedHosts)];
  const entries = entriesOf(value);
  const tokens = new Map<string, string>();
  for (const { host, token } of entries) {
    const named = host === undefined ? onlyHost(hosts, entries.length) : host.toLowerCase();
    if (!hosts.includes(named)) throw wrong("names a host that is not allowed here", hosts);
    if (!TOKEN.test(token)) throw wrong(NO_TOKEN, hosts);
    const origin = named.includes("://") ? named : `https://${named}`;
    if (tokens.has(origin)) throw wrong("has two tokens for one host", hosts);
    tokens.set(origin, token);
  }
  if (tokens.size === 0 || entries.length > MAX_TOKENS) throw wrong("holds no token, or too many", hosts);
  return tokens;
}

/** Lists all texts in the header that may be tokens, even if the header is invalid. */
export function tokensIn(headers: Headers): string[] {
  return entriesOf(headers.get(GIT_TOKEN_HEADER) ?? "").map(({ token }) => token);
}

/** Splits the header. Repeated headers arrive joined by commas. Empty entries are ignored (RFC 9110, 5.6.1). */
function entriesOf(value: string): Entry[] {
  const texts = value.split(",", MAX_TOKENS + 1).map((text) => text.trim());
  return texts.filter((text) => text !== "").map(entryOf);
}

/**
 * Splits an entry into host and token. Only an entry that is clearly a token may lack the host, which must be allowed:
 * no token reaches another host.
 */
function entryOf(text: string): Entry {
  const at = text.indexOf("=");
  const [before, after] = [text.slice(0, at), text.slice(at + 1)];
  const isAlone = at < 0 || (/^=*$/.test(after) && BASE64.test(before)) || LONGER_THAN_LABEL.test(before);
  return isAlone ? { host: undefined, token: text } : { host: before, token: after };
}

function onlyHost(hosts: readonly string[], entries: number): string {
  const [only, ...others] = hosts;
  if (only !== undefined && others.length === 0 && entries === 1) return only;
  throw wrong("has a token without its host, which is taken alone and where one host is allowed", hosts);
}

function wrong(fault: string, hosts: readonly string[]): WarmtreeError {
  return new WarmtreeError(
    "invalid_input",
    `${GIT_TOKEN_HEADER} ${fault}. Write '${GIT_TOKEN_HEADER}: ${hosts[0]}=<token>', several separated by commas, with ` +
      `hosts of this list: ${hosts.join(", ")}. Nothing was done.`,
    { field: GIT_TOKEN_HEADER },
  );
}
