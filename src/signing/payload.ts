/** Name and address of a person or service, as git writes them into a commit. */
export interface Identity {
  readonly name: string;
  readonly email: string;
}

/** The object that git wants signed: a commit or an annotated tag without its signature. */
export interface Payload {
  readonly kind: "commit" | "tag";
  /** Time of the committer or tagger, in seconds since 1970. */
  readonly madeAtS: number;
}

/** Limit of parents. This service makes commits with at most two, and never recreates others' octopus merges. */
const MAX_PARENTS = 16;

const ID = "[0-9a-f]{40}(?:[0-9a-f]{24})?";
const MAKER = String.raw`(?<maker>[^<>\0\n]* <[^<>\0\n]*>) (?<at>\d{1,12}) [+-]\d{4}`;
/**
 * The format is that of git-cat-file(1). Signed commits and tags of this service have no other headers. The author of a
 * cherry-picked commit may have any form.
 */
const HEADERS = {
  commit: new RegExp(
    String.raw`^tree ${ID}\n(?:parent ${ID}\n){0,${MAX_PARENTS}}author [^\0\n]*\ncommitter ${MAKER}\n(?:encoding [\w.:-]{1,40}\n)?$`,
  ),
  tag: new RegExp(String.raw`^object ${ID}\ntype commit\ntag [^\0\n]+\ntagger ${MAKER}\n$`),
} as const;

/**
 * Parses a commit or tag to sign. Strict, so that git cannot read it in another way.
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

/** Converts each byte to one character, so that bytes that are not UTF-8 stay unchanged. */
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
