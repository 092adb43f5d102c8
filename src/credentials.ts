import type { Remote } from "./ops/operation.ts";
import type { Repository } from "./repository.ts";

/** Hosts that the operator's GITHUB_TOKEN is meant for; a caller's own token goes to the host the caller named. */
const GITHUB_ORIGIN = "https://github.com";

/** User name that goes with a token: GitHub and GitLab take any, and document this one for installation tokens. */
const TOKEN_USER = "x-access-token";

/**
 * What git needs to reach a repository: `CREDENTIALS=env`, the credential itself goes into the environment of one
 * process in the sandbox. A broker address with a lease token would take its place here, and nowhere else.
 * The repository's host was checked against the allow list before.
 */
export function remoteFor(
  repository: Repository,
  { gitToken, config }: { readonly gitToken?: string; readonly config: { readonly githubToken?: string | undefined } },
): Remote {
  const token = gitToken ?? (repository.origin === GITHUB_ORIGIN ? config.githubToken : undefined);
  if (token === undefined) return { url: repository.url };
  return { url: repository.url, authorization: `Basic ${btoa(`${TOKEN_USER}:${token}`)}` };
}
