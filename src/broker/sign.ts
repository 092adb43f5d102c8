import { type Identity, readPayload, binaryOf } from "../signing/payload.ts";
import { signerOf } from "../signing/signer.ts";
import { readUpTo } from "../remote/bytes.ts";
import { spoken } from "./upstream.ts";

/** Where git in a sandbox gets its signatures. */
export const SIGN_PATH = "/broker/sign";

/** Begins each refusal, so that the words are found in git's output. */
export const CANNOT_SIGN = "warmtree: cannot sign: ";

/**
 * A commit is some 300 bytes and its message, which calls limit to 16,000 characters. A push shows a signed commit in a
 * header (signed-tips.ts), which holds as much.
 */
const MAX_PAYLOAD_BYTES = 86 * 1024;
/** Clocks of sandboxes stand still while they are paused, and are set some seconds after. */
const MAX_SKEW_S = 15 * 60;

export interface SigningSettings {
  /** The first signs, each is accepted; none: commits are not signed. */
  readonly signingKeys: readonly Uint8Array<ArrayBuffer>[];
  /** Committer of every commit that this service makes. */
  readonly author: Identity;
}

/**
 * Signs the commit or tag in the body, if this service makes such: with its own committer, and of this moment. The
 * private key stays here, so a process in the sandbox can at most have its own commits signed while an operation runs.
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
