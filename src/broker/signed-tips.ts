import { signedId } from "../signing/signed-object.ts";
import { bytesOf } from "../signing/payload.ts";
import { signerOf } from "../signing/signer.ts";
import { hasObject } from "../remote/has-object.ts";
import type { Remote } from "../remote/types.ts";
import type { RefCommand } from "./commands.ts";
import type { SigningSettings } from "./sign.ts";

/**
 * Header of a push: the commit or tag that it sends, in base64. The broker does not unpack a push, but an id is the
 * hash of its object, so the object proves that the id is signed. Nothing needs to be stored.
 */
export const SIGNED_HEADER = "Warmtree-Signed";

/** Far above the longest commit; all headers of a request together may have 128 KiB. */
const MAX_PROOF_LENGTH = 120_000;

/** An operation sends one id. Each id without proof costs a request to the git host. */
const MAX_IDS = 32;

/**
 * Returns the new ids of branches and tags in a push that neither have this service's signature nor are at the git host
 * already. `unknown`: the host does not tell.
 */
export async function unsignedTips(
  commands: readonly RefCommand[],
  proof: string | null,
  { signingKeys, author }: SigningSettings,
  remote: Remote,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, "unsigned" | "unknown">> {
  const ids = new Set(commands.map((command) => command.new).filter((id) => /[^0]/.test(id)));
  if (ids.size > MAX_IDS) return new Map(Array.from(ids, (id) => [id, "unknown"]));
  const signers = await Promise.all(signingKeys.map((key) => signerOf(key)));
  const object = proof === null ? undefined : decoded(proof);
  const found = new Map<string, "unsigned" | "unknown">();
  for (const id of ids) {
    if (object && (await signedId(object, id.length, signers, author)) === id) continue;
    const isThere = await hasObject(remote, id, signal);
    if (!isThere) found.set(id, isThere === false ? "unsigned" : "unknown");
  }
  return found;
}

function decoded(proof: string): Uint8Array | undefined {
  try {
    return proof.length > MAX_PROOF_LENGTH ? undefined : bytesOf(atob(proof));
  } catch {
    return undefined;
  }
}
