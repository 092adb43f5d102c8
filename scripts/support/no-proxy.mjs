/** Variables that send plain requests, or all requests, to a proxy; curl does not read HTTP_PROXY, Node does. */
const PROXIES = ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
const LOOPBACK = ["localhost", "127.0.0.1", "::1", "[::1]"];

/**
 * Returns the environment with loopback excepted from its proxy, for git, curl and Node: a server on loopback can be
 * reached only from this machine.
 */
export function withoutProxyForLoopback(env) {
  if (!PROXIES.some((name) => env[name])) return env;
  // git and Node prefer the lower-case variable.
  const given = (env.no_proxy || env.NO_PROXY || "").split(",").map((entry) => entry.trim());
  const names = [...new Set([...given, ...LOOPBACK])].filter((name) => name !== "").join(",");
  return { ...env, no_proxy: names, NO_PROXY: names };
}
