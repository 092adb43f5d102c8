/** Headers that speak of one connection alone. */
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
/** What a client says to the host, or another proxy said to it: E2B's proxy does not hand this on either. */
const OF_THE_WAY: readonly string[] = [
  "expect",
  "forwarded",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
];

/** Names and values in turn, as Node gives and takes them. */
export type RawHeaders = readonly string[];

/** What the program in a sandbox gets of a request's headers. */
export function toProgram(raw: RawHeaders, mask: string | undefined): string[] {
  const pairs = endToEnd(raw, OF_THE_WAY);
  if (mask === undefined) return pairs.flat();
  const host = pairs.find(([name]) => isNamed(name, "host"))?.[1] ?? "";
  const rest = pairs.filter(([name]) => !isNamed(name, "host"));
  return ["Host", mask, "X-Forwarded-Host", host, ...rest.flat()];
}

/** What the client gets of an answer's headers. */
export function toClient(raw: RawHeaders): string[] {
  return endToEnd(raw, []).flat();
}

/** With these, a connection changes its protocol. */
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
