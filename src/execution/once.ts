import type { Caller } from "../workspace/caller.ts";

const DIGITS = 32;

/**
 * Name of a call that is carried out once (`Caller.once`): equal for equal seed and parts, and only for these.
 * @param seed names the request or run that the call belongs to
 * @example
 * const ofStep = await onceOf(caller.once, step.at);
 */
export async function onceOf(seed: string, ...parts: readonly (string | number)[]): Promise<string> {
  const text = new TextEncoder().encode(JSON.stringify([seed, ...parts]));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", text));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0"))
    .join("")
    .slice(0, DIGITS);
}

/** The caller for one of its calls; undefined: each try is carried out. */
export function calledOnce(caller: Caller, once: string | undefined): Caller {
  const { once: _of, ...rest } = caller;
  return once === undefined ? rest : { ...rest, once };
}
