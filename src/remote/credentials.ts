import type { Remote } from "./types.ts";
import type { Repository } from "./address.ts";

/** A caller's own tokens, keyed by the only origin that may receive them (`https://github.com`). */
export type GitTokens = ReadonlyMap<string, string>;

/** The only origin that receives the operator's GITHUB_TOKEN. */
const GITHUB_ORIGIN = "https://github.com";

/** User name sent with a token: GitHub and GitLab accept any, and document this one for installation tokens. */
const TOKEN_USER = "x-access-token";

/**
 * Returns address and credential of a repository whose host was checked against the allow list. For the Worker's own
 * requests; src/execution/sandbox-remote.ts decides which of it a sandbox gets.
 */
export function remoteFor(
  { origin, url }: Repository,
  {
    gitTokens,
    config,
  }: {
    readonly gitTokens?: GitTokens;
    readonly config: { readonly githubToken?: string | undefined };
  },
): Remote {
  const token = gitTokens?.get(origin) ?? (origin === GITHUB_ORIGIN ? config.githubToken : undefined);
  if (token === undefined) return { url };
  return { url, authorization: `Basic ${btoa(`${TOKEN_USER}:${token}`)}` };
}

/** Lists the credentials that a call sends to git hosts and to E2B: their answers may contain them. */
export function credentialsOf({
  gitTokens,
  config,
}: {
  readonly gitTokens?: GitTokens;
  readonly config: { readonly githubToken?: string | undefined; readonly e2b: { readonly apiKey: string } };
}): string[] {
  const { githubToken, e2b } = config;
  return [...(gitTokens?.values() ?? []), ...(githubToken === undefined ? [] : [githubToken]), e2b.apiKey];
}
