import { commandsAt, OPTIONS } from "./families/commands.ts";
import { NAMES } from "./families/names.ts";
import { IN_NOTATION } from "./families/notations.ts";

/**
 * Returns the values of all families of injections, each once.
 * @param listener address that no legitimate request goes to
 */
export function injections(listener: string): readonly string[] {
  const host = new URL(listener).host;
  const addresses = [listener, `${listener}/a/b.git`, `git+${listener}`, `//${host}/a`, `x@${host}:a/b`];
  return [...new Set([commandsAt(listener), addresses, OPTIONS, NAMES, IN_NOTATION].flat())];
}
