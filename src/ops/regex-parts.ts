/** One of `*`, `+`, `?`, `{n}`, `{n,}`, `{,m}`, `{n,m}`. */
const QUANTIFIER = /[*+?]|\{(\d*)(?:(,)(\d*))?\}/y;
/** A bracket expression: a `]` at its start is one of its characters, and classes such as `[:alpha:]` hold one. */
const BRACKET = /\[\^?\]?(?:\[([.:=])[^]*?\1\]|[^\]])*\]?/y;

/**
 * How many parts a POSIX extended regular expression has once its repetitions are written out, which is how git's
 * matcher holds them: `(ab){50}{50}` has 5,000. Total: what is no expression has some number of parts, and git says
 * what is wrong with it.
 */
export function regexParts(pattern: string): number {
  /** Parts of each group that is open, the whole expression first. */
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

/** How often a quantifier writes its part out. */
function timesOf(quantifier: string): number {
  return Math.max(1, ...(quantifier.match(/\d+/g) ?? []).map(Number));
}
