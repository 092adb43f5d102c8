import { CompactEncrypt, compactDecrypt } from "jose";
import * as z from "zod/v4";
import { WarmtreeError } from "../errors.ts";
import type { GitTokens } from "../remote/credentials.ts";

const HEADER = { alg: "dir", enc: "A256GCM" } as const;
const ONLY = { keyManagementAlgorithms: [HEADER.alg], contentEncryptionAlgorithms: [HEADER.enc] };

const content = z.strictObject({ run: z.string(), tokens: z.array(z.tuple([z.string(), z.string()])) });

/**
 * Seals a caller's git tokens for one run (JWE, direct key, AES-256-GCM), to store them until the run ends.
 * @param keys of 32 bytes; the first one seals
 * @throws misconfigured if there is no key
 */
export async function sealTokens(tokens: GitTokens, run: string, [key]: readonly Uint8Array[]): Promise<string> {
  if (key === undefined) {
    throw new WarmtreeError(
      "misconfigured",
      "A run that outlives its connection keeps your git token sealed, which needs LEASE_KEY; the operator has set none. Nothing was done. Send the steps without async, or without X-Git-Token.",
    );
  }
  const text = JSON.stringify({ run, tokens: [...tokens] } satisfies z.output<typeof content>);
  return new CompactEncrypt(new TextEncoder().encode(text)).setProtectedHeader(HEADER).encrypt(key);
}

/** Opens the tokens of a run with the key that sealed them. @throws git_auth_failed if no key fits */
export async function openTokens(sealed: string, run: string, keys: readonly Uint8Array[]): Promise<GitTokens> {
  for (const key of keys) {
    const opened = await openWith(sealed, key);
    if (opened?.run === run) return new Map(opened.tokens);
  }
  throw new WarmtreeError(
    "git_auth_failed",
    "The git token of this run can no longer be opened, because LEASE_KEY was replaced. Retry the run with X-Git-Token.",
  );
}

async function openWith(sealed: string, key: Uint8Array): Promise<z.output<typeof content> | undefined> {
  try {
    const { plaintext } = await compactDecrypt(sealed, key, ONLY);
    return content.parse(JSON.parse(new TextDecoder().decode(plaintext)));
  } catch {
    return undefined;
  }
}
