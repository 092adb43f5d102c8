/** A quantifier: `*`, `+`, `?`, `{n}`, `{n,}`, `{,m}` or `{n,m}`. */
const QUANTIFIER = /[*+?]|\{(\d*)(?:(,)(\d*))?\}/y;
/** A bracket expression. A `]` at its start is one of its characters; classes such as `[:alpha:]` contain a `]`. */
const BRACKET = /\[\^?\]?(?:\[([.:=])[^]*?\1\]|[^\]])*\]?/y;

/**
 * Counts the parts of a POSIX extended regular expression with its repetitions written out, as git's matcher stores
 * them: `(ab){50}{50}` has 5,000. Total: an invalid expression has some number of parts, and git reports the error.
 */
export function regexParts(pattern: string): number {
  /** Parts of each open group; the whole expression is the first. */
  const open: number[] = [0];
  let at = 0;
  while (at < pattern.length) {
    let parts = 1;
    const character = pattern[at];
    if (character === "(") {
      open.push(0);
      at++;
      continue;
    }
    if (character === ")" && open.length > 1) {
      parts = 1 + (open.pop() ?? 0);
      at++;
    } else if (character === "[") at += lengthAt(BRACKET, pattern, at);
    else at += character === "\\" ? 2 : 1;
    for (let length = lengthAt(QUANTIFIER, pattern, at); length > 0; length = lengthAt(QUANTIFIER, pattern, at)) {
      parts *= timesOf(pattern.slice(at, at + length));
      at += length;
    }
    open.push((open.pop() ?? 0) + parts);
  }
  return open.reduce((sum, parts) => sum + parts, 0);
}

function lengthAt(expression: RegExp, text: string, at: number): number {
  expression.lastIndex = at;
  return expression.exec(text)?.[0].length ?? 0;
}

/** Number of copies of its part that a quantifier makes. */
function timesOf(quantifier: string): number {
  return Math.max(1, ...(quantifier.match(/\d+/g) ?? []).map(Number));
}
