/** Names of the variables that send plain requests, or all, to a proxy; curl does not read HTTP_PROXY, Node does. */
const PROXIES = ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
const LOOPBACK = ["localhost", "127.0.0.1", "::1", "[::1]"];

/**
 * The same environment, in which git, curl and Node send nothing for this machine to the proxy that it names: what
 * listens here is reached from here alone.
 */
export function withoutProxyForLoopback(env) {
  if (!PROXIES.some((name) => env[name])) return env;
  // git and Node read the lower case first.
  const given = (env.no_proxy || env.NO_PROXY || "").split(",").map((entry) => entry.trim());
  const names = [...new Set([...given, ...LOOPBACK])].filter((name) => name !== "").join(",");
  return { ...env, no_proxy: names, NO_PROXY: names };
}
