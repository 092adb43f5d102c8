import type { Remote } from "./types.ts";
import type { Repository } from "./address.ts";

/** A caller's own tokens, each by the origin that alone gets it (`https://github.com`). */
export type GitTokens = ReadonlyMap<string, string>;

/** The host that the operator's GITHUB_TOKEN is meant for. */
const GITHUB_ORIGIN = "https://github.com";

/** User name that goes with a token: GitHub and GitLab take any, and document this one for installation tokens. */
const TOKEN_USER = "x-access-token";

/**
 * What git needs to reach a repository: `CREDENTIALS=env`, the credential itself goes into the environment of one
 * process in the sandbox. A broker address with a lease token would take its place here, and nowhere else.
 * The repository's host was checked against the allow list before.
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

/** The credentials that go to git hosts and to E2B for a call: whatever those send back may hold them. */
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
