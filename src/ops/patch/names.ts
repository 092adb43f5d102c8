import { OUTSIDE, treePath } from "../tree-path.ts";
import { type Name, PatchError } from "./types.ts";

export const NONE = "/dev/null";

/** git's prefixes: the usual ones, and those of diff.mnemonicPrefix. */
const PREFIX = /^[abciow]\//;
const bare = (name: string) => name.replace(PREFIX, "");

const ESCAPES: Readonly<Record<string, string>> = { a: "\x07", b: "\b", t: "\t", n: "\n", v: "\v", f: "\f", r: "\r" };
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Reads a quoted name, and the text after it; undefined if it is not quoted in git's form. */
function unquote(text: string): { name: string; rest: string } | undefined {
  const [whole, quoted = ""] = /^"((?:[^"\\]|\\.)*)"/s.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const bytes = Array.from(quoted.matchAll(/\\([0-7]{3})|\\(.)|[^\\]+/gs)).flatMap(([part, octal, letter]) =>
    octal === undefined
      ? [...new TextEncoder().encode(letter === undefined ? part : (ESCAPES[letter] ?? letter))]
      : [Number.parseInt(octal, 8)],
  );
  try {
    return { name: utf8.decode(Uint8Array.from(bytes)), rest: text.slice(whole.length) };
  } catch {
    return undefined;
  }
}

/** Reads a name up to its end, or to the tab before a time. */
export function nameIn(text: string, line: number): string {
  if (!text.startsWith('"')) return text.split("\t", 1)[0] ?? "";
  const found = unquote(text);
  if (!found || !/^(?:\t|\s*$)/.test(found.rest)) {
    throw new PatchError(line, "has a name that is not quoted as git does");
  }
  return found.name;
}

/** Returns the name that both sides of `diff --git` have; undefined if they differ or cannot be told apart. */
export function nameInHeader(text: string): { name: string; isPrefixed: boolean } | undefined {
  const middle = (text.length - 1) / 2;
  const first = unquote(text);
  const old = first ? first.name : text.slice(0, middle);
  const now = first ? unquote(first.rest.trimStart())?.name : text.slice(middle + 1);
  if (now === undefined || (!first && text[middle] !== " ")) return undefined;
  if (old === now) return { name: old, isPrefixed: false };
  return PREFIX.test(old) && PREFIX.test(now) && bare(old) === bare(now)
    ? { name: bare(old), isPrefixed: true }
    : undefined;
}

/** Returns the path that the two names of a change mean. Each name is a path or NONE. */
export function meant(old: string, now: string, header: string | undefined, line: number): Name {
  const only = old === NONE ? now : old;
  if (only === NONE) throw new PatchError(line, "names no file");
  if (old === NONE || now === NONE) {
    if (!PREFIX.test(only) || header === only) return inTree(only, line);
    return header === bare(only) ? inTree(header, line) : inTree(bare(only), line, only);
  }
  if (old === now) return PREFIX.test(old) && header !== old ? inTree(old, line, bare(old)) : inTree(old, line);
  if (PREFIX.test(old) && PREFIX.test(now) && bare(old) === bare(now)) return inTree(bare(old), line);
  throw new PatchError(line, "names two files; a patch that moves a file has 'rename from' and 'rename to'");
}

/** Whether a name is a path in the only spelling that git takes in a patch. */
const isPath = (name: string) => treePath.safeParse(name).data === name;

/** Checks that a name without a prefix is a path in the tree, and returns it. */
export function inTree(name: string, line: number, other?: string): Name {
  if (!isPath(name)) throw new PatchError(line, `names a file that ${OUTSIDE}`);
  return { path: name, ...(other !== undefined && isPath(other) ? { other } : {}) };
}
