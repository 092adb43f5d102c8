/**
 * Texts in the form of secrets, composed at run time, so that no scanner finds one in this repository. Another `seed`
 * makes another text.
 */

const CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const SMALL = CAPITALS.toLowerCase();
const DIGITS = "0123456789";
const ALNUM = DIGITS + CAPITALS + SMALL;

/** Returns many different characters, of each kind in turn. */
export function varied(length: number, seed = 1, alphabet = ALNUM): string {
  const kinds = [CAPITALS, SMALL, DIGITS].filter((kind) => Array.from(kind).every((one) => alphabet.includes(one)));
  return Array.from({ length }, (_, n) => {
    const kind = kinds[n % Math.max(1, kinds.length)] ?? alphabet;
    return kind[(n * 7 + seed * 5 + Math.floor(n / 3)) % kind.length] ?? "";
  }).join("");
}

function crc32(text: string): number {
  let sum = -1;
  for (const byte of new TextEncoder().encode(text)) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return ~sum >>> 0;
}

/** Returns a token with its checksum, as GitHub makes it. */
export function githubToken(prefix: string, seed = 1): string {
  const random = varied(30, seed);
  let [left, sum] = [crc32(random), ""];
  for (let n = 0; n < 6; n++) [left, sum] = [Math.floor(left / 62), (ALNUM[left % 62] ?? "") + sum];
  return `${prefix}_${random}${sum}`;
}

const BASE32 = `${CAPITALS}234567`;
export const awsId = (kind = "AKIA") => kind + varied(16, 1, BASE32);
export const awsSecret = (seed = 1) => varied(40, seed);
export const glpat = (seed = 1) => `glpat-${varied(20, seed)}`;
export const routableGlpat = () => `glpat-${varied(30)}.${varied(9, 2, SMALL + DIGITS).toLowerCase()}`;
export const slack = (kind: string) => `xox${kind}-${varied(12, 1, DIGITS)}-${varied(12, 2, DIGITS)}-${varied(24)}`;
export const stripe = (kind: string) => `${kind}_live_${varied(24)}`;
export const fineGrained = () => `github_pat_${varied(22)}_${varied(59, 2)}`;

const dashes = "-".repeat(5);
export const beginKey = (kind = "RSA ") => `${dashes}BEGIN ${kind}PRIVATE KEY${dashes}`;
export const keyFile = (kind = "RSA ", seed = 1) =>
  `${beginKey(kind)}\n${varied(64, seed)}\n${varied(64, seed + 1)}\n${dashes}END ${kind}PRIVATE KEY${dashes}\n`;
