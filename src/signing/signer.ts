import { armored, publicLine, signatureIn, signedBytes } from "./ssh-signature.ts";
import { bytesOf } from "./payload.ts";

const ALGORITHM = { name: "Ed25519" } as const;

/** Signs the payloads that git sends, and verifies its own signatures. */
export interface Signer {
  /** In the format of GitHub and GitLab. */
  readonly publicKey: string;
  /** @returns the text that git puts into a commit or tag */
  sign(payload: Uint8Array<ArrayBuffer>): Promise<string>;
  verifies(payload: Uint8Array<ArrayBuffer>, armor: string): Promise<boolean>;
}

const known = new WeakMap<Uint8Array, Promise<Signer>>();

/**
 * Returns the signer of a private key. Imports each key once.
 * @param pkcs8 an Ed25519 key (RFC 8410)
 */
export function signerOf(pkcs8: Uint8Array<ArrayBuffer>): Promise<Signer> {
  const signer = known.get(pkcs8) ?? read(pkcs8);
  known.set(pkcs8, signer);
  return signer;
}

async function read(pkcs8: Uint8Array<ArrayBuffer>): Promise<Signer> {
  const [privateKey, publicKey] = await Promise.all([
    crypto.subtle.importKey("pkcs8", pkcs8, ALGORITHM, false, ["sign"]),
    publicHalf(pkcs8),
  ]);
  const verifier = await crypto.subtle.importKey("raw", publicKey, ALGORITHM, false, ["verify"]);
  return {
    publicKey: publicLine(publicKey),
    async sign(payload) {
      const signature = await crypto.subtle.sign(ALGORITHM, privateKey, await signedBytes(payload));
      return armored(publicKey, new Uint8Array(signature));
    },
    async verifies(payload, armor) {
      const signature = signatureIn(armor, publicKey);
      if (signature === undefined) return false;
      return crypto.subtle.verify(ALGORITHM, verifier, signature, await signedBytes(payload));
    },
  };
}

async function publicHalf(pkcs8: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const key = await crypto.subtle.importKey("pkcs8", pkcs8, ALGORITHM, true, ["sign"]);
  const jwk = await crypto.subtle.exportKey("jwk", key);
  const { x = "" } = jwk instanceof ArrayBuffer ? {} : jwk;
  return bytesOf(atob(x.replaceAll("-", "+").replaceAll("_", "/")));
}
