import { SETTINGS } from "../../src/settings/settings.ts";
import { newKey } from "./api-key.ts";
import { DEV_KEY } from "./client.ts";

/** The allowed git hosts by default. */
const DEFAULT_GIT_HOSTS = "github.com";
const TENANT = "dev";

export interface StartSettings {
  /** Settings of the Worker. */
  readonly bindings: Readonly<Record<string, string>>;
  /** A key that the Worker accepts. */
  readonly key: string;
}

/**
 * Returns the settings that `npm start` gives the Worker: those of the environment, overridden by those that lead to
 * the services of this machine.
 * @param local settings of these services; absent: E2B is used
 */
export function startSettings(env: NodeJS.ProcessEnv, local?: Readonly<Record<string, string>>): StartSettings {
  const bindings: Record<string, string> = {};
  for (const name of SETTINGS) {
    const value = env[name];
    if (value) bindings[name] = value;
  }
  const hosts = [bindings["ALLOWED_GIT_HOSTS"] ?? DEFAULT_GIT_HOSTS, local?.["ALLOWED_GIT_HOSTS"]];
  if (local) Object.assign(bindings, local, { ALLOWED_GIT_HOSTS: hosts.join(",") });
  return withKey(bindings);
}

/** Adds a key for the self-test if keys are required, because only the hashes of the caller's keys are known. */
function withKey(bindings: Readonly<Record<string, string>>): StartSettings {
  const { API_KEYS, LOOPBACK_ACCESS } = bindings;
  if (API_KEYS === undefined && LOOPBACK_ACCESS !== "keyed") return { bindings, key: DEV_KEY };
  const { key, entry } = newKey(TENANT);
  return { bindings: { ...bindings, API_KEYS: API_KEYS === undefined ? entry : `${API_KEYS},${entry}` }, key };
}
