import type { Caller } from "../workspace/caller.ts";

const DIGITS = 32;

/**
 * Returns the name of a call that runs once (`Caller.once`). Names are equal only for equal seed and parts.
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

/** Returns the caller with the name of one call; if it is undefined, every try of the call runs. */
export function calledOnce(caller: Caller, once: string | undefined): Caller {
  const { once: _of, ...rest } = caller;
  return once === undefined ? rest : { ...rest, once };
}
