/** Name and address of a person or service, as git writes them into a commit. */
export interface Identity {
  readonly name: string;
  readonly email: string;
}

/** What git wants signed: a commit or an annotated tag without its signature. */
export interface Payload {
  readonly kind: "commit" | "tag";
  /** Time of the committer or tagger, in seconds since 1970. */
  readonly madeAtS: number;
}

/** Commits of this service have two parents at most; others' octopus merges are never made again. */
const MAX_PARENTS = 16;

const ID = "[0-9a-f]{40}(?:[0-9a-f]{24})?";
const MAKER = String.raw`(?<maker>[^<>\0\n]* <[^<>\0\n]*>) (?<at>\d{1,12}) [+-]\d{4}`;
/**
 * git-cat-file(1) shows the format; signed commits and tags of this service have no other headers. The author of a picked
 * commit is as somebody once wrote it.
 */
const HEADERS = {
  commit: new RegExp(
    String.raw`^tree ${ID}\n(?:parent ${ID}\n){0,${MAX_PARENTS}}author [^\0\n]*\ncommitter ${MAKER}\n(?:encoding [\w.:-]{1,40}\n)?$`,
  ),
  tag: new RegExp(String.raw`^object ${ID}\ntype commit\ntag [^\0\n]+\ntagger ${MAKER}\n$`),
} as const;

/**
 * Reads a commit or tag that is to be signed. Strict: no byte means anything else to git.
 * @param binary the bytes, each as one character
 * @param maker the only committer or tagger that is accepted
 * @returns the reason if it is not such an object
 */
export function readPayload(binary: string, maker: Identity): Payload | { readonly reason: string } {
  const end = binary.indexOf("\n\n") + 1;
  if (end === 0 || binary.includes("\0")) return { reason: "it is neither a commit nor a tag" };
  const headers = binary.slice(0, end);
  for (const kind of ["commit", "tag"] as const) {
    const { maker: found, at } = HEADERS[kind].exec(headers)?.groups ?? {};
    if (found === undefined) continue;
    if (found !== binaryOf(encoder.encode(`${maker.name} <${maker.email}>`))) {
      return { reason: `this service did not make the ${kind}: its maker is another` };
    }
    return { kind, madeAtS: Number(at) };
  }
  return { reason: "it is neither a commit nor a tag" };
}

const encoder = new TextEncoder();

/** One character for each byte, so that bytes that are not UTF-8 stay as they are. */
export function binaryOf(bytes: Uint8Array): string {
  const pieceBytes = 8192;
  let text = "";
  for (let at = 0; at < bytes.byteLength; at += pieceBytes) {
    text += String.fromCharCode(...bytes.subarray(at, at + pieceBytes));
  }
  return text;
}

export const bytesOf = (binary: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(binary, (character) => character.charCodeAt(0));
