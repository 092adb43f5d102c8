import { join } from "node:path";
import { startLocalHost } from "../local-e2b/host.ts";
import type { LocalHost } from "../local-e2b/host.ts";
import { newLeaseKey } from "./api-key.ts";
import { SAMPLES, makeRepository } from "../sample-remote/repositories.ts";
import { startGitServer } from "../sample-remote/server.ts";
import type { Cleanups } from "./cleanups.ts";

export interface LocalServices {
  readonly host: LocalHost;
  /** URLs of the sample repositories, by name. */
  readonly remotes: Readonly<Record<keyof typeof SAMPLES, string>>;
  /** The Worker's settings that lead to both. */
  readonly bindings: Readonly<Record<string, string>>;
}

/** Returns the Worker's settings for a sandbox host at `hostUrl` and repositories at `gitUrl`. */
export function localBindings(hostUrl: string, gitUrl: string): Record<string, string> {
  return {
    // The local host accepts any key.
    E2B_API_KEY: "local",
    E2B_API_URL: hostUrl,
    E2B_SANDBOX_URL: hostUrl,
    ALLOWED_GIT_HOSTS: gitUrl,
    LEASE_KEY: newLeaseKey(),
  };
}

/**
 * Returns the Worker's setting for a sandbox host that may be unable to restrict the connections of sandboxes.
 * @param asked SANDBOX_EGRESS of the environment
 * @throws Error if `sealed` is asked for but impossible
 */
export function egressBindings({ egress }: Pick<LocalHost, "egress">, asked?: string): Record<string, string> {
  if (egress) return {};
  if (asked === "sealed") {
    throw new Error("SANDBOX_EGRESS is sealed, and this machine gives sandboxes no network of their own");
  }
  return { SANDBOX_EGRESS: "open" };
}

/** Starts local services in place of E2B and of a git host: a sandbox host, and a remote with the samples. */
export async function startLocalServices(folder: string, cleanups: Cleanups): Promise<LocalServices> {
  const git = await startGitServer({ root: join(folder, "remote") });
  cleanups.add(() => git.close());
  const host = await startLocalHost();
  cleanups.add(() => host.close());
  for (const [name, content] of Object.entries(SAMPLES)) await makeRepository(git.root, name, content);
  const remote = (name: keyof typeof SAMPLES) => `${git.url}/${name}.git`;
  return {
    host,
    remotes: { small: remote("small"), large: remote("large"), empty: remote("empty"), manual: remote("manual") },
    bindings: { ...localBindings(host.url, git.url), ...egressBindings(host, process.env["SANDBOX_EGRESS"]) },
  };
}
