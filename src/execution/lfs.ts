import type { Config } from "../config.ts";
import { WarmtreeError } from "../errors.ts";
import type { Parsed } from "../ops/output/script-output.ts";
import { parseRepository } from "../remote/address.ts";
import { type GitTokens, remoteFor } from "../remote/credentials.ts";
import { tooSlow } from "../remote/lfs-errors.ts";
import { storeContents } from "../remote/lfs-store.ts";
import type { LfsContent, LfsFile } from "../remote/types.ts";

/** The part of a caller that an upload needs. */
interface Uploader {
  readonly gitTokens?: GitTokens;
  readonly config: Pick<Config, "allowedGitHosts" | "operationTimeoutS" | "githubToken">;
}

/**
 * Stores contents at the Git LFS of the workspace's git host, with the caller's credential. Runs before the edit, so
 * that no pointer exists without its object.
 * @returns undefined if the host has no Git LFS
 */
export async function storeForLfs(
  contents: readonly LfsContent[],
  { url }: { readonly url: string },
  caller: Uploader,
): Promise<Parsed<readonly LfsFile[]> | undefined> {
  const { allowedGitHosts: allowedHosts, operationTimeoutS } = caller.config;
  const repository = parseRepository(url, allowedHosts);
  const signal = AbortSignal.timeout(operationTimeoutS * 1000);
  const target = { remote: remoteFor(repository, caller), origin: repository.origin, allowedHosts, signal };
  try {
    const value = await storeContents(contents, target);
    return value && { ok: true, value };
  } catch (error) {
    if (!(error instanceof WarmtreeError)) throw error;
    return { ok: false, error: signal.aborted ? tooSlow(operationTimeoutS) : error };
  }
}
