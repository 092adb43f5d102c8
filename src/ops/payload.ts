import { encodeBase64 } from "./output/content.ts";

/** One action of an edit, as the script gets it; `content` is the new content of a file, or the patch. */
export interface Step {
  readonly kind: "write" | "delete" | "move" | "patch";
  readonly path: string;
  readonly moveTo?: string;
  readonly executable?: boolean;
  readonly content?: Uint8Array;
}

/** Below the smallest limit for all arguments and environment together: 1 MiB on macOS, with base64 adding a third. */
const INLINE_MAX_BYTES = 512 * 1024;
/** A multiple of 3, so that the pieces' base64 joins; 96 KiB as base64, below the 128 KiB of one argument on Linux. */
const PIECE_BYTES = 72 * 1024;

const utf8 = new TextEncoder();

/**
 * An edit as one sequence of bytes: for each step four NUL-terminated fields (kind, path, length of the content or new
 * path of a move, executable), then the field `end`, then the contents in order, from `contentsAt` on.
 */
export interface Payload {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly contentsAt: number;
}

export function pack(steps: readonly Step[]): Payload {
  const fields = steps.flatMap(({ kind, path, moveTo, executable, content }) => [
    kind,
    path,
    moveTo ?? String(content?.length ?? 0),
    executable === undefined ? "" : String(executable),
  ]);
  const head = utf8.encode([...fields, "end", ""].join("\0"));
  const parts = [head, ...steps.flatMap(({ content }) => (content ? [content] : []))];
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return { bytes, contentsAt: head.length };
}

export const fitsInline = ({ bytes }: Payload): boolean => bytes.length <= INLINE_MAX_BYTES;

/** The payload as arguments. */
export function pieces({ bytes }: Payload): string[] {
  const found = [];
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) found.push(encodeBase64(bytes.subarray(at, at + PIECE_BYTES)));
  return found;
}
