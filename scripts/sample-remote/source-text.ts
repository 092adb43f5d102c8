/** A deterministic random generator: the same seed gives the same repository, including commit ids. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** Returns an integer from 0 to `limit` - 1 (mulberry32). */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.below(256));
  }

  pick<T>(values: readonly [T, ...T[]]): T {
    return values[this.below(values.length)] ?? values[0];
  }
}

const VERBS = [
  "load",
  "parse",
  "merge",
  "render",
  "resolve",
  "encode",
  "collect",
  "publish",
  "verify",
  "index",
] as const;
const NOUNS = [
  "account",
  "buffer",
  "cache",
  "channel",
  "cursor",
  "entry",
  "ledger",
  "message",
  "order",
  "record",
  "session",
  "tree",
] as const;
const TYPES = ["string", "number", "boolean", "Uint8Array", "readonly string[]", "Map<string, number>"] as const;
const FOLDERS = [
  "api",
  "client",
  "core",
  "events",
  "format",
  "layout",
  "model",
  "net",
  "query",
  "store",
  "sync",
  "view",
] as const;

/** Returns the path of the nth source file: one to three folders below `packages`, a dozen files in each folder. */
export function sourcePath(index: number): string {
  const random = new Random(Math.floor(index / 12) + 1);
  const folders = Array.from({ length: 1 + random.below(3) }, () => random.pick(FOLDERS));
  return ["packages", ...folders, `${NOUNS[index % NOUNS.length]}-${index}.ts`].join("/");
}

/** Returns one of some hundreds of thousands of names. */
export function sourceName(random: Random): string {
  return `${random.pick(VERBS)}-${random.pick(NOUNS)}-${random.pick(FOLDERS)}-${random.below(1000)}`;
}

/** Returns a function of about 230 bytes that looks, and compresses, like TypeScript. */
export function sourceFunction(random: Random): string {
  const [verb, noun, other] = [random.pick(VERBS), random.pick(NOUNS), random.pick(NOUNS)];
  return `export function ${verb}${capitalize(noun)}${random.below(1000)}(${noun}: ${random.pick(TYPES)}, limit = ${random.below(10_000)}) {
  const ${other}Count = ${random.pick(VERBS)}(${noun}, limit);
  if (${other}Count > ${random.below(1000)}) throw new RangeError("${noun} is over its limit of ${random.below(100)}");
  return { ${noun}, ${other}Count, revision: ${random.below(1_000_000)} };
}
`;
}

function capitalize(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
