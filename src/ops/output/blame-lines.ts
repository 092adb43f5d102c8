const MAX_TEXT_CHARACTERS = 300;

/** Consecutive lines of a file that come from one commit; null: not committed. */
interface Hunk {
  readonly line: number;
  readonly sha: string | null;
  readonly author?: string;
  readonly email?: string;
  readonly date?: string;
  readonly subject?: string;
  /** Name of the file in that commit, if it was different. */
  readonly path?: string;
  readonly lines: string[];
}

const HEADER = /^([0-9a-f]{40,64}) \d+ (\d+)/;

/** Parses the output of `git blame --porcelain`, which describes each commit only once. Total. */
export function readBlame(text: string, asked: string): Hunk[] {
  const found: Hunk[] = [];
  const known = new Map<string, Map<string, string>>();
  let [sha, line] = ["", 0];
  for (const said of text.split("\n")) {
    const header = HEADER.exec(said);
    if (said.startsWith("\t")) {
      if (line > 0) found.push({ line, ...aboutCommit(sha, known.get(sha), asked), lines: [shorten(said.slice(1))] });
      line = 0;
    } else if (header && line === 0) {
      [sha, line] = [header[1] ?? "", Number(header[2])];
      if (!known.has(sha)) known.set(sha, new Map());
    } else {
      const [key = ""] = said.split(" ", 1);
      known.get(sha)?.set(key, said.slice(key.length + 1));
    }
  }
  return found;
}

function aboutCommit(sha: string, facts: ReadonlyMap<string, string> | undefined, asked: string) {
  if (/^0+$/.test(sha)) return { sha: null };
  const of = (key: string) => facts?.get(key) ?? "";
  const path = unquoted(of("filename"));
  return {
    sha,
    author: of("author"),
    email: of("author-mail").replace(/^<(.*)>$/, "$1"),
    date: dateOf(Number(of("author-time")), of("author-tz")),
    subject: of("summary"),
    ...(path === "" || path === asked ? {} : { path }),
  };
}

const ESCAPES: Readonly<Record<string, string>> = { a: "\x07", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };

/** Unquotes a path. git writes a path with quotes or control characters as a C string. */
function unquoted(path: string): string {
  if (!path.startsWith('"')) return path;
  return path
    .slice(1, -1)
    .replace(/\\(?:([0-7]{3})|(.))/g, (_, octal: string | undefined, letter: string) =>
      octal === undefined ? (ESCAPES[letter] ?? letter) : String.fromCharCode(Number.parseInt(octal, 8)),
    );
}

/** Date in git's strict ISO format, in the author's own time zone. */
function dateOf(seconds: number, zone: string): string {
  const [, sign = "+", hours = "00", minutes = "00"] = /^([+-])(\d\d)(\d\d)$/.exec(zone) ?? [];
  const offset = (Number(hours) * 60 + Number(minutes)) * (sign === "-" ? -60 : 60);
  const local = new Date((seconds + offset) * 1000);
  if (Number.isNaN(local.getTime())) return "";
  return `${local.toISOString().slice(0, 19)}${sign}${hours}:${minutes}`;
}

/** Joins consecutive lines that come from one commit, under one name. */
export function joinedHunks(lines: readonly Hunk[]): Hunk[] {
  const hunks: Hunk[] = [];
  for (const next of lines) {
    const last = hunks.at(-1);
    if (last && last.sha === next.sha && last.path === next.path) last.lines.push(...next.lines);
    else hunks.push({ ...next, lines: [...next.lines] });
  }
  return hunks;
}

const shorten = (text: string): string =>
  text.length > MAX_TEXT_CHARACTERS ? `${text.slice(0, MAX_TEXT_CHARACTERS).toWellFormed()}…` : text;
