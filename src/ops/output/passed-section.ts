import { splitSections } from "./sections.ts";

/** Limit of the output before the passed section, more than it ever needs. */
const MAX_BEFORE_BYTES = 64 * 1024;
const NOTHING = new Uint8Array();

/** Takes the next bytes of a section; the sandbox waits until the promise resolves. */
export type TakeBytes = (bytes: Uint8Array) => Promise<void>;

/**
 * Passes on the last section of a script's output, `number`, as it arrives, so that its size costs no memory. The
 * returned function returns the output before the section, for `parse`.
 * @param begin receives the sections before, once, when the passed section begins
 */
export function passSection(
  number: number,
  nonce: string,
  begin: (before: ReadonlyMap<number, Uint8Array>) => TakeBytes,
): (bytes: Uint8Array) => Promise<Uint8Array> {
  const mark = new TextEncoder().encode(`\0${nonce}:${number}\n`);
  let before = NOTHING;
  let take: TakeBytes | undefined;
  return async (bytes) => {
    if (take) {
      await take(bytes);
      return NOTHING;
    }
    const known = before.length;
    before = joined(before, bytes);
    const at = indexOf(before, mark);
    if (at === -1) {
      if (before.length > MAX_BEFORE_BYTES) throw new Error(`The sandbox printed no section ${number}.`);
      return bytes;
    }
    const from = at + mark.length - known;
    take = begin(splitSections(before.subarray(0, at), nonce));
    before = NOTHING;
    if (from < bytes.length) await take(bytes.subarray(from));
    return bytes.subarray(0, from);
  };
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

/** Returns the index of `part` in `bytes`; -1 if it is not there. */
function indexOf(bytes: Uint8Array, part: Uint8Array): number {
  const first = part[0] ?? 0;
  for (let at = bytes.indexOf(first); at !== -1; at = bytes.indexOf(first, at + 1)) {
    if (part.every((byte, offset) => bytes[at + offset] === byte)) return at;
  }
  return -1;
}
