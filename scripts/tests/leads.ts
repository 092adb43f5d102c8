import { posix } from "node:path";

const TYPES_ONLY = /\b(?:import|export) type\b[^;]*?\bfrom\s*"[^"]+"/g;
const IMPORT = /\b(?:from|import|import\(|mock\()\s*"([^"\s]+)"/g;
const NAMES_IMPORTED = /\bimport \{[^}]*\} from\b/g;
/** Paths that are readable from the text: `join(ROOT, "docs", "a.md")`, `new URL("a.sh", import.meta.url)`. */
const JOINED = /\bjoin\(\s*(ROOT|import\.meta\.dirname)((?:,\s*"[^"]*")+),?\s*\)/g;
const BESIDE_IT = /\bnew URL\("([^"]+)", import\.meta\.url\)/g;
/** Other ways from a file to the checkout, or to its tools, which read all of it. */
const DOORS = [
  /\bimport\.meta\b|\b__(?:dir|file)name\b|\bcreateRequire\b|\bimport\((?!\s*")/,
  /\bprocess\.cwd\b|\benv(?:\.|\[")(?:PWD|INIT_CWD|npm_\w+)\b/,
  /\brun(?:Tool|Program)\b|\bROOT as\b|\.ROOT\b/,
];
/** A step upwards: from a named folder it leads to an unknown place. */
const UP = /"\.\."|\.\.\//;
const GIVES_ROOT = /\bexport const ROOT\b/;

/** The places to which the text of a file leads. */
export interface Leads {
  /** Files and folders, relative to the checkout. */
  readonly paths: readonly string[];
  readonly packages: readonly string[];
  /** Whether the text may lead to any file. */
  readonly anywhere: boolean;
  /** Whether the text may lead to any file if one of `paths` is a folder. */
  readonly upwards: boolean;
}

/** @param file path relative to the checkout */
export function leadsOf(file: string, source: string): Leads {
  const text = source.replaceAll(TYPES_ONLY, "");
  const besideIt = (...path: string[]) => posix.join(posix.dirname(file), ...path);
  const named = [...text.matchAll(IMPORT)].map(([, name = ""]) => name.replace(/\?.*$/, ""));
  const imports = named.filter((name) => name.startsWith(".")).map((name) => besideIt(name));
  const packages = named.filter((name) => !name.startsWith("."));
  // This file only says where the root is; other files must name ROOT to read or start anything there.
  if (GIVES_ROOT.test(text)) return { paths: imports, packages, anywhere: false, upwards: false };
  const joined = [...text.matchAll(JOINED)].map(([, from, names = ""]) => {
    const parts = [...names.matchAll(/"([^"]*)"/g)].map(([, part = ""]) => part);
    return from === "ROOT" ? posix.join(...parts) : besideIt(...parts);
  });
  const urls = [...text.matchAll(BESIDE_IT)].map(([, name = ""]) => besideIt(name));
  const rest = text.replaceAll(JOINED, "").replaceAll(BESIDE_IT, "");
  const used = rest.replaceAll(NAMES_IMPORTED, "");
  const takesRoot = /\bROOT\b/.test(used) && !/\bconst ROOT\b/.test(used);
  return {
    paths: [...imports, ...joined, ...urls],
    packages,
    anywhere: takesRoot || DOORS.some((door) => door.test(rest)),
    upwards: UP.test(rest.replaceAll(IMPORT, "")),
  };
}

/** Returns the names of pages in strings of a text; "" for a string that may stand for any page. */
export function pagesIn(text: string): string[] {
  return [...text.matchAll(/([\w.-]*)\.md["'`]/g)].map(([, name]) => (name ? `${name}.md` : ""));
}
