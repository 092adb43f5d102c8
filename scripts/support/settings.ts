import type { GitServer } from "../sample-remote/server.ts";

/** The Worker's settings for a local sandbox host at `hostUrl` and repositories on `git`. */
export function localBindings(hostUrl: string, git: GitServer): Record<string, string> {
  return {
    // The local host takes any key.
    E2B_API_KEY: "local",
    E2B_API_URL: hostUrl,
    E2B_SANDBOX_URL: hostUrl,
    ALLOWED_GIT_HOSTS: git.url,
    CREDENTIALS: "env",
  };
}
