import type { LfsObject } from "../../remote/types.ts";

/** No pointer of these three lines is longer (git-lfs docs/spec.md). */
const MAX_POINTER_BYTES = 200;
const POINTER =
  /^version https:\/\/git-lfs\.github\.com\/spec\/v1\noid sha256:(?<oid>[0-9a-f]{64})\nsize (?<size>\d{1,15})\n$/;

const bytewise = new TextDecoder("latin1");

/** Returns the text that git stores in place of an object of Git LFS. */
export const pointerOf = ({ oid, size }: LfsObject): string =>
  `version https://git-lfs.github.com/spec/v1\noid sha256:${oid}\nsize ${size}\n`;

/** Reads a pointer; undefined if the bytes are not a pointer. */
export function readPointer(bytes: Uint8Array): LfsObject | undefined {
  if (bytes.length > MAX_POINTER_BYTES) return undefined;
  const { oid, size } = POINTER.exec(bytewise.decode(bytes))?.groups ?? {};
  return oid === undefined || size === undefined ? undefined : { oid, size: Number(size) };
}
