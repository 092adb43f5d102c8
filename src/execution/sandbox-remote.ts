import { brokerOrigin, brokerUrl } from "../broker/address.ts";
import { type Lease, sealLease, SERVICES } from "../broker/lease.ts";
import type { RefRule } from "../broker/rules.ts";
import { SIGN_PATH } from "../broker/sign.ts";
import { parseRepository } from "../remote/address.ts";
import { remoteFor } from "../remote/credentials.ts";
import type { Remote, Signing } from "../remote/types.ts";
import type { Caller } from "../workspace/caller.ts";

/** Validity of a lease beyond the operation's own time limit: for the request's way, and differences of clocks. */
const LEASE_MARGIN_S = 30;

/** Operation in a sandbox that needs this service. */
interface SandboxUse {
  readonly sandboxId: string;
  /** Address of the repository. */
  readonly url: string;
  readonly timeoutS: number;
  /** Refs that it may change; absent or empty: none. */
  readonly sends?: readonly RefRule[] | undefined;
}

/**
 * Returns the remote that git in a sandbox gets for one operation: the broker's address with a lease, or, without a
 * broker, the git host's address with the credential itself.
 * @throws ConfigError, or host_not_allowed
 */
export async function remoteInSandbox(caller: Caller, use: SandboxUse): Promise<Remote> {
  const repository = parseRepository(use.url, caller.config.allowedGitHosts);
  const direct = remoteFor(repository, caller);
  const origin = brokerOrigin(caller.config, caller.calledAt ?? "");
  if (origin === undefined) return direct;
  const { sends = [] } = use;
  const lease = await sealed(caller, use, {
    services: sends.length > 0 ? SERVICES : ["git-upload-pack"],
    refs: sends,
    ...(direct.authorization === undefined ? {} : { authorization: direct.authorization }),
  });
  return { url: repository.url, via: brokerUrl(origin, repository), authorization: lease };
}

/**
 * Returns the address and lease with which git in a sandbox gets signatures for one operation; undefined if commits are
 * not signed. The lease permits nothing else, because git passes it to every program that it runs for a commit.
 * @throws ConfigError, or host_not_allowed
 */
export async function signingInSandbox(caller: Caller, use: SandboxUse): Promise<Signing | undefined> {
  if (caller.config.signingKeys.length === 0) return undefined;
  const origin = brokerOrigin(caller.config, caller.calledAt ?? "");
  if (origin === undefined) return undefined;
  return { url: `${origin}${SIGN_PATH}`, authorization: await sealed(caller, use, { services: ["sign"], refs: [] }) };
}

type Permission = Pick<Lease, "authorization"> & {
  readonly services: readonly Lease["services"][number][];
  readonly refs: readonly RefRule[];
};

/** Returns a lease for a permission, as an Authorization header. */
async function sealed(
  caller: Caller,
  { sandboxId, url, timeoutS }: SandboxUse,
  permission: Permission,
): Promise<string> {
  const repository = parseRepository(url, caller.config.allowedGitHosts);
  const lease = await sealLease(
    {
      v: 1,
      tenant: caller.tenant,
      sandbox_id: sandboxId,
      key: caller.key,
      request_id: caller.requestId,
      url: repository.url,
      repository: repository.key,
      expires_at: Date.now() + (timeoutS + LEASE_MARGIN_S) * 1000,
      ...permission,
      services: [...permission.services],
      refs: [...permission.refs],
    },
    caller.config.leaseKeys,
  );
  return `Bearer ${lease}`;
}
