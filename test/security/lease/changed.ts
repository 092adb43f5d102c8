/** Leases that differ from the stolen one, each with a description of the change. */
export type Changed = readonly (readonly [about: string, lease: string])[];

const BITS = 8;

export function everyBitFlipped(lease: string): Changed {
  return lease.split("").flatMap((character, at) =>
    Array.from({ length: BITS }, (_, bit) => {
      const flipped = String.fromCharCode(character.charCodeAt(0) ^ (1 << bit));
      return [`bit ${bit} of byte ${at} flipped`, lease.slice(0, at) + flipped + lease.slice(at + 1)] as const;
    }),
  );
}

export function cut(lease: string): Changed {
  return Array.from(lease).flatMap((_, at) => [
    [`cut at ${at}`, lease.slice(0, at)] as const,
    [`from ${at + 1}`, lease.slice(at + 1)] as const,
    [`without byte ${at}`, lease.slice(0, at) + lease.slice(at + 1)] as const,
  ]);
}

/** Returns every mixture of the parts of two leases. */
export function mixed(one: string, other: string): Changed {
  const [parts, others] = [one.split("."), other.split(".")];
  const mixtures = Array.from({ length: 2 ** parts.length }, (_, choice) =>
    parts.map((part, at) => ((choice >> at) & 1 ? (others[at] ?? "") : part)).join("."),
  );
  const whole = new Set([one, other]);
  return mixtures.filter((text) => !whole.has(text)).map((text, at) => [`mixture ${at}`, text] as const);
}

const HEADER = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** Returns the lease with headers that ask the reader to do without the key. */
export function otherHeaders(lease: string): Changed {
  const [, key = "", ...rest] = lease.split(".");
  const headers = [
    { alg: "none", enc: "none" },
    { alg: "none" },
    { alg: "dir", enc: "A128GCM" },
    { alg: "dir", enc: "A256CBC-HS512" },
    { alg: "PBES2-HS256+A128KW", enc: "A256GCM", p2c: 1, p2s: "AAAA" },
    { alg: "RSA-OAEP", enc: "A256GCM" },
    { alg: "dir", enc: "A256GCM", zip: "DEF" },
    { alg: "dir", enc: "A256GCM", crit: ["exp"] },
    { alg: "HS256", typ: "JWT" },
  ];
  return headers.map((header) => [JSON.stringify(header), [HEADER(header), key, ...rest].join(".")] as const);
}
