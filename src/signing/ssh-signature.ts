import { joined } from "../remote/bytes.ts";
import { binaryOf, bytesOf } from "./payload.ts";

/**
 * The format of SSH signatures (PROTOCOL.sshsig of OpenSSH), as git writes and reads them: base64 of the public key,
 * the namespace and the signature, between two lines of text.
 */
const BEGIN = "-----BEGIN SSH SIGNATURE-----";
const END = "-----END SSH SIGNATURE-----";
const MAGIC = "SSHSIG";
const VERSION = 1;
/** git's namespace: a signature for git is invalid for files or logins. */
const NAMESPACE = "git";
const HASH = "sha512";
const KEY_TYPE = "ssh-ed25519";
/** Length of a line, as in ssh-keygen's output. */
const LINE_LENGTH = 70;
const SIGNATURE_BYTES = 64;

const utf8 = new TextEncoder();

function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

/** Encodes a string of the SSH protocol (RFC 4251): its length, then its bytes. */
function field(content: string | Uint8Array): Uint8Array {
  const bytes = typeof content === "string" ? utf8.encode(content) : content;
  return joined([uint32(bytes.byteLength), bytes]);
}

/** Returns the bytes of a public key, as in a signature and (in base64) in a line of `authorized_keys`. */
function publicBlob(publicKey: Uint8Array): Uint8Array<ArrayBuffer> {
  return joined([field(KEY_TYPE), field(publicKey)]);
}

/** Returns a public key in the format of GitHub and GitLab. */
export const publicLine = (publicKey: Uint8Array): string =>
  `${KEY_TYPE} ${btoa(binaryOf(publicBlob(publicKey)))} warmtree`;

/** Returns the bytes that the key signs. */
export async function signedBytes(payload: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-512", payload));
  return joined([utf8.encode(MAGIC), field(NAMESPACE), field(""), field(HASH), field(digest)]);
}

/** Writes a signature as text. */
export function armored(publicKey: Uint8Array, signature: Uint8Array): string {
  const base64 = btoa(binaryOf(joined([headOf(publicKey), signature])));
  const lines = base64.match(new RegExp(`.{1,${LINE_LENGTH}}`, "g")) ?? [];
  return [BEGIN, ...lines, END, ""].join("\n");
}

/** Returns the signature in a text, if the text is exactly what `armored` writes for this key. */
export function signatureIn(armor: string, publicKey: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  const [begin, ...lines] = armor.trimEnd().split("\n");
  if (begin !== BEGIN || lines.pop() !== END) return undefined;
  const bytes = decoded(lines.join(""));
  const signature = bytes.subarray(-SIGNATURE_BYTES);
  const written = armored(publicKey, signature).trimEnd();
  return bytes.byteLength > SIGNATURE_BYTES && written === armor.trimEnd() ? signature : undefined;
}

/** Returns the bytes before the signature's own. */
function headOf(publicKey: Uint8Array): Uint8Array {
  const type = field(KEY_TYPE);
  const signature = [uint32(type.byteLength + 4 + SIGNATURE_BYTES), type, uint32(SIGNATURE_BYTES)];
  const names = [field(NAMESPACE), field(""), field(HASH)];
  return joined([utf8.encode(MAGIC), uint32(VERSION), field(publicBlob(publicKey)), ...names, ...signature]);
}

function decoded(base64: string): Uint8Array<ArrayBuffer> {
  try {
    return bytesOf(atob(base64));
  } catch {
    return new Uint8Array();
  }
}
