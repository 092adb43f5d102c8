/** Headers that apply to one connection only. */
const HOP_BY_HOP: readonly string[] = [
  "connection",
  "proxy-connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailer",
  "upgrade",
];
/** Headers for the host, or from another proxy, which E2B's proxy does not forward either. */
const OF_THE_WAY: readonly string[] = [
  "expect",
  "forwarded",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
];

/** Names and values in turn, as in Node's rawHeaders. */
export type RawHeaders = readonly string[];

/** Returns the request headers for the program in a sandbox. @param mask replaces the Host */
export function toProgram(raw: RawHeaders, mask: string | undefined): string[] {
  const pairs = endToEnd(raw, OF_THE_WAY);
  if (mask === undefined) return pairs.flat();
  const host = pairs.find(([name]) => isNamed(name, "host"))?.[1] ?? "";
  const rest = pairs.filter(([name]) => !isNamed(name, "host"));
  return ["Host", mask, "X-Forwarded-Host", host, ...rest.flat()];
}

/** Returns the response headers for the client. */
export function toClient(raw: RawHeaders): string[] {
  return endToEnd(raw, []).flat();
}

/** Returns the headers with which a connection changes its protocol. */
export function upgrading(raw: RawHeaders): string[] {
  const protocol = inPairs(raw).find(([name]) => isNamed(name, "upgrade"))?.[1] ?? "";
  return ["Connection", "Upgrade", "Upgrade", protocol];
}

type Pair = readonly [name: string, value: string];

function endToEnd(raw: RawHeaders, also: readonly string[]): Pair[] {
  const pairs = inPairs(raw);
  const named = pairs.filter(([name]) => isNamed(name, "connection")).flatMap(([, value]) => value.split(","));
  const dropped = new Set([...HOP_BY_HOP, ...also, ...named.map((name) => name.trim().toLowerCase())]);
  return pairs.filter(([name]) => !dropped.has(name.toLowerCase()));
}

function inPairs(raw: RawHeaders): Pair[] {
  return Array.from({ length: raw.length / 2 }, (_, index) => [raw[index * 2] ?? "", raw[index * 2 + 1] ?? ""]);
}

function isNamed(name: string, wanted: string): boolean {
  return name.toLowerCase() === wanted;
}
