import { joined } from "../remote/bytes.ts";
import { binaryOf, bytesOf, type Identity, readPayload } from "./payload.ts";
import type { Signer } from "./signer.ts";

/** A signature in a commit: a header whose lines after the first begin with a space. This service writes only one. */
const IN_COMMIT = /^gpgsig(?:-sha256)? (?<armor>[^\n]*(?:\n [^\n]*)*)\n/gm;
/** A signature at the end of a tag. */
const IN_TAG = /(?<=\n)-----BEGIN SSH SIGNATURE-----\n(?:(?!-----BEGIN)[^\n]*\n)+$/;

interface Signed {
  readonly kind: "commit" | "tag";
  /** The object without its signature, as it was signed. */
  readonly payload: string;
  readonly armor: string;
}

/**
 * Returns the id of a commit or tag if one of the keys signed it for this service.
 * @param object the whole object, as `git cat-file` prints it
 * @param idLength 40 (SHA-1) or 64 (SHA-256) digits, as the repository has them
 */
export async function signedId(
  object: Uint8Array,
  idLength: number,
  signers: readonly Signer[],
  maker: Identity,
): Promise<string | undefined> {
  const binary = binaryOf(object);
  const signed = binary.startsWith("object ") ? tag(binary) : commit(binary);
  if (signed === undefined || "reason" in readPayload(signed.payload, maker)) return undefined;
  const { kind, payload, armor } = signed;
  const verdicts = await Promise.all(signers.map((signer) => signer.verifies(bytesOf(payload), armor)));
  return verdicts.includes(true) ? idOf(kind, object, idLength) : undefined;
}

function commit(binary: string): Signed | undefined {
  const end = binary.indexOf("\n\n") + 1;
  const headers = binary.slice(0, end);
  const [found, ...others] = headers.matchAll(IN_COMMIT);
  const armor = found?.groups?.["armor"];
  if (armor === undefined || others.length > 0) return undefined;
  const payload = headers.replaceAll(IN_COMMIT, "") + binary.slice(end);
  return { kind: "commit", payload, armor: armor.replaceAll("\n ", "\n") };
}

function tag(binary: string): Signed | undefined {
  const found = IN_TAG.exec(binary);
  return found ? { kind: "tag", payload: binary.slice(0, found.index), armor: found[0] } : undefined;
}

/** Returns an object's id: the hash of kind, length and content (gitformat-pack(5)). */
async function idOf(kind: string, object: Uint8Array, idLength: number): Promise<string> {
  const head = new TextEncoder().encode(`${kind} ${object.byteLength}\0`);
  const hash = await crypto.subtle.digest(idLength === 40 ? "SHA-1" : "SHA-256", joined([head, object]));
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
