import { commandsAt, OPTIONS } from "./families/commands.ts";
import { NAMES } from "./families/names.ts";
import { IN_NOTATION } from "./families/notations.ts";

/**
 * Values of the families that injections come in, each once.
 * @param listener address that nobody has a reason to ask
 */
export function injections(listener: string): readonly string[] {
  const host = new URL(listener).host;
  const addresses = [listener, `${listener}/a/b.git`, `git+${listener}`, `//${host}/a`, `x@${host}:a/b`];
  return [...new Set([commandsAt(listener), addresses, OPTIONS, NAMES, IN_NOTATION].flat())];
}
