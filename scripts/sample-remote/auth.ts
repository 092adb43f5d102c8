export interface GitServerAuth {
  /** Repositories that require credentials, named as in the URL without `.git`. */
  readonly repositories: readonly string[];
  /** Token per user, for Basic (user and token) and Bearer (token alone). */
  readonly tokens: Readonly<Record<string, string>>;
}

/** Whether an Authorization header (RFC 7617 Basic, RFC 6750 Bearer) matches one of the tokens. */
export function isAuthorized({ tokens }: GitServerAuth, authorization = ""): boolean {
  const [scheme, credentials = ""] = authorization.split(" ", 2);
  switch (scheme?.toLowerCase()) {
    case "bearer":
      return Object.values(tokens).includes(credentials);
    case "basic": {
      const [user = "", ...token] = Buffer.from(credentials, "base64").toString("utf8").split(":");
      return Object.hasOwn(tokens, user) && tokens[user] === token.join(":");
    }
    default:
      return false;
  }
}
