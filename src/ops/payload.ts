import { encodeBase64 } from "./output/content.ts";

type Kind =
  | "write"
  | "bytes"
  | "replace"
  | "replace_all"
  | "link"
  | "mode"
  | "delete"
  | "move"
  // Of a patch.
  | "create"
  | "hunks"
  | "remove"
  | "copy"
  | "git"
  // No action: `content` is for the answer (edit-lfs.ts).
  | "lfs";

/** One action of an edit, as the script gets it. */
export interface Step {
  readonly kind: Kind;
  readonly path: string;
  /** For errors: `files.<index>`, `patch.<line>` or `patch`. */
  readonly place: string;
  /** New path of a move or copy; target of a link. */
  readonly to?: string;
  /** Second reading of `path`. */
  readonly other?: string;
  readonly mode?: "+x" | "-x" | "100644" | "100755" | "120000";
  /** New content, text to replace, hunks, or a patch for git. */
  readonly content?: Uint8Array;
  /** Text that replaces `content`. */
  readonly replacement?: Uint8Array;
}

/** Below the smallest limit for all arguments and environment together: 1 MiB on macOS, with base64 adding a third. */
const INLINE_MAX_BYTES = 512 * 1024;
/** A multiple of 3, so that the pieces' base64 joins; 96 KiB as base64, below the 128 KiB of one argument on Linux. */
const PIECE_BYTES = 72 * 1024;

const utf8 = new TextEncoder();

/**
 * An edit as one sequence of bytes: for each step eight NUL-terminated fields (kind, path, place, to, other, mode, and
 * the lengths of content and replacement), then the field `end`, then the contents in order, from `contentsAt` on.
 */
export interface Payload {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly contentsAt: number;
}

export function pack(steps: readonly Step[]): Payload {
  const lengthOf = (bytes: Uint8Array | undefined) => String(bytes?.length ?? 0);
  const fields = steps.flatMap(({ kind, path, place, to = "", other = "", mode = "", content, replacement }) => [
    kind,
    path,
    place,
    to,
    other,
    mode,
    lengthOf(content),
    lengthOf(replacement),
  ]);
  const head = utf8.encode([...fields, "end", ""].join("\0"));
  const contents = steps.flatMap(({ content, replacement }) => [content, replacement]);
  const parts = [head, ...contents.filter((bytes) => bytes !== undefined)];
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return { bytes, contentsAt: head.length };
}

export const fitsInline = ({ bytes }: Payload): boolean => bytes.length <= INLINE_MAX_BYTES;

/** Splits the payload into arguments, as base64. */
export function pieces({ bytes }: Payload): string[] {
  const found = [];
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) found.push(encodeBase64(bytes.subarray(at, at + PIECE_BYTES)));
  return found;
}
