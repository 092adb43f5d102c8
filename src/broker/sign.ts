import { type Identity, readPayload, binaryOf } from "../signing/payload.ts";
import { signerOf } from "../signing/signer.ts";
import { readUpTo } from "../remote/bytes.ts";
import { spoken } from "./upstream.ts";

/** Path at which git in a sandbox gets its signatures. */
export const SIGN_PATH = "/broker/sign";

/** Prefix of each refusal, to find it in git's output. */
export const CANNOT_SIGN = "warmtree: cannot sign: ";

/**
 * A commit has some 300 bytes and its message, which calls limit to 16,000 characters. A push carries a signed commit
 * in a header (signed-tips.ts), which has room for this size.
 */
const MAX_PAYLOAD_BYTES = 86 * 1024;
/** A sandbox's clock stops during a pause, and is set some seconds after the resume. */
const MAX_SKEW_S = 15 * 60;

export interface SigningSettings {
  /** The first key signs, each is accepted. Empty: commits are not signed. */
  readonly signingKeys: readonly Uint8Array<ArrayBuffer>[];
  /** Committer of every commit that this service makes. */
  readonly author: Identity;
}

/**
 * Signs the commit or tag in the body if it has this service's committer and the present time. The private key stays
 * here, so a process in the sandbox can at most have its own commits signed while an operation runs.
 * @returns the signature as git stores it, or the reason as text
 */
export async function answerSigning(
  body: ReadableStream<Uint8Array> | null,
  { signingKeys: [key], author }: SigningSettings,
  nowMs: number,
): Promise<Response> {
  if (key === undefined) return refused(404, "this service has no key: setting SIGNING_KEY");
  const payload = await readUpTo(body, MAX_PAYLOAD_BYTES);
  if (payload === undefined) return refused(413, "it is larger than 86 KiB: use a shorter message");
  const read = readPayload(binaryOf(payload), author);
  if ("reason" in read) return refused(403, read.reason);
  const skewS = Math.round(Math.abs(nowMs / 1000 - read.madeAtS));
  if (skewS > MAX_SKEW_S) return refused(503, `the sandbox's clock is wrong by ${skewS} s`);
  const signature = await (await signerOf(key)).sign(payload);
  return new Response(signature, { headers: { "Content-Type": "text/plain", "Cache-Control": "no-store" } });
}

const refused = (status: number, reason: string) => spoken(status, `${CANNOT_SIGN}${reason}`);
