import { WarmtreeError } from "../errors.ts";

/**
 * A repository on a git host, rebuilt from the parts of a checked address. The caller's own string is not used any
 * further.
 */
export interface Repository {
  /** `https://github.com`, or a loopback http origin. */
  readonly origin: string;
  readonly url: string;
  /** Canonical form of the address: host in lower case, no `.git`. Determines the workspace and the shard. */
  readonly key: string;
}

// Deliberately narrower than WHATWG URL: parsers differ on userinfo, backslashes and odd schemes, and git must not
// connect to a host other than the checked one.
const ADDRESS = /^(https?):\/\/([a-z0-9.-]+|\[::1\])(:\d{1,5})?((?:\/[A-Za-z0-9._~-]+){1,8}?)\/?$/i;

/** Returns the host of a repository in the form of ALLOWED_GIT_HOSTS. */
export const hostOf = ({ origin }: Repository): string => origin.replace(/^https:\/\//, "");

/**
 * Checks an address against the allow list. Entry `github.com` allows https on that host; `http://127.0.0.1:9000`
 * allows that loopback origin.
 * @throws invalid_input or host_not_allowed
 */
export function parseRepository(address: string, allowedHosts: readonly string[]): Repository {
  const [, scheme = "", host = "", port = "", path = ""] = ADDRESS.exec(address) ?? [];
  const segments = path.split("/").slice(1);
  if (segments.length === 0 || segments.some((segment) => /^[.-]/.test(segment) || segment.endsWith("."))) {
    throw new WarmtreeError(
      "invalid_input",
      "repo_url must be like https://github.com/owner/name: https, a host, a path; no user, password, query or '..'.",
      { field: "repo_url" },
    );
  }
  const authority = `${host}${port}`.toLowerCase();
  const origin = `${scheme.toLowerCase()}://${authority}`;
  if (!allowedHosts.includes(scheme.toLowerCase() === "https" ? authority : origin)) {
    throw new WarmtreeError(
      "host_not_allowed",
      `${origin} is not among the hosts this service may reach: ${allowedHosts.join(", ")}. The operator can add it to ALLOWED_GIT_HOSTS.`,
      { field: "repo_url" },
    );
  }
  const name = segments.join("/");
  return { origin, url: `${origin}/${name}`, key: `${authority}/${name.replace(/\.git$/, "")}` };
}
