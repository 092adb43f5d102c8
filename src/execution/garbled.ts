/** Path depth reported for invalid input; deeper than any accepted input. */
const MAX_PATH_DEPTH = 6;

/**
 * Returns the paths of strings that UTF-8 cannot carry (a lone surrogate, which JSON can write as `"\\ud800"`); git would
 * receive other text. Handles any depth of nesting.
 */
export function garbledIn(input: unknown): (readonly string[])[] {
  const found: (readonly string[])[] = [];
  const left: { readonly path: readonly string[]; readonly value: unknown }[] = [{ path: [], value: input }];
  for (let next = left.pop(); next; next = left.pop()) {
    const { path, value } = next;
    if (typeof value === "string" && !value.isWellFormed()) found.push(path);
    if (typeof value !== "object" || value === null) continue;
    for (const [name, member] of Object.entries(value).toReversed()) {
      const within = path.length < MAX_PATH_DEPTH ? [...path, name.toWellFormed()] : path;
      if (!name.isWellFormed()) found.push(within);
      left.push({ path: within, value: member });
    }
  }
  return found;
}
