import { brokerOrigin, brokerUrl } from "../broker/address.ts";
import { sealLease } from "../broker/lease.ts";
import type { RefRule } from "../broker/rules.ts";
import { SIGN_PATH } from "../broker/sign.ts";
import { parseRepository } from "../remote/address.ts";
import { remoteFor } from "../remote/credentials.ts";
import type { Remote } from "../remote/types.ts";
import type { Caller } from "../workspace/caller.ts";

/** An operation can be under way for so much longer than its own time: the request's way, and clocks. */
const LEASE_MARGIN_S = 30;

const RECEIVE = ["git-receive-pack"] as const;
const SIGN = ["sign"] as const;

/** The operation that a sandbox needs the remote for. */
interface RemoteUse {
  readonly sandboxId: string;
  /** Address of the repository. */
  readonly url: string;
  readonly timeoutS: number;
  /** Refs that it may change; absent or empty: none. */
  readonly sends?: readonly RefRule[] | undefined;
  /** Whether it makes commits or tags. */
  readonly commits?: boolean | undefined;
}

/**
 * Returns the remote as git in a sandbox gets it for one operation: the broker's address with a lease, or, without a
 * broker, the git host's with the credential itself.
 * @throws ConfigError, or host_not_allowed
 */
export async function remoteInSandbox(caller: Caller, use: RemoteUse): Promise<Remote> {
  const { sandboxId, url, timeoutS, sends = [], commits = false } = use;
  const repository = parseRepository(url, caller.config.allowedGitHosts);
  const direct = remoteFor(repository, caller);
  const origin = brokerOrigin(caller.config, caller.calledAt ?? "");
  if (origin === undefined) return direct;
  const signs = commits && caller.config.signingKeys.length > 0;
  const lease = await sealLease(
    {
      v: 1,
      tenant: caller.tenant,
      sandbox_id: sandboxId,
      key: caller.key,
      request_id: caller.requestId,
      url: repository.url,
      repository: repository.key,
      services: ["git-upload-pack", ...(sends.length > 0 ? RECEIVE : []), ...(signs ? SIGN : [])],
      refs: [...sends],
      expires_at: Date.now() + (timeoutS + LEASE_MARGIN_S) * 1000,
      ...(direct.authorization === undefined ? {} : { authorization: direct.authorization }),
    },
    caller.config.leaseKeys,
  );
  return {
    url: repository.url,
    via: brokerUrl(origin, repository),
    authorization: `Bearer ${lease}`,
    ...(signs ? { sign: `${origin}${SIGN_PATH}` } : {}),
  };
}
