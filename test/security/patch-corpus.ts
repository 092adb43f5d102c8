/** Patches that name a path outside the working tree: every role of a name in a patch, every path, every spelling. */

/**
 * Paths that exist in a sandbox, or would be git's own on some system. Symlinks of the tree (LINKS) lead out of it too.
 */
const OUTSIDE_PATHS = [
  "../.warmtree/net.git/config",
  "../.warmtree/open",
  "../../../../../../../../../../etc/passwd",
  "d/../../.warmtree/open",
  "/etc/passwd",
  "//etc/passwd",
  "/proc/self/environ",
  ".git/config",
  ".git/HEAD",
  "d/.git/config",
  ".GIT/config",
  "git~1/config",
  ".git./config",
  ".git /config",
  ".git::$INDEX_ALLOCATION/config",
  ".g\u200cit/config",
  ".git\\config",
  "./../.warmtree/open",
  "d/./../../.warmtree/open",
  "etc/passwd",
  "up/.warmtree/open",
] as const;

/** Targets of the symlinks that some of the paths go through. */
export const LINKS = { etc: "/etc", up: ".." } as const;

type Quote = (name: string) => string;

const octal = (name: string) =>
  [...new TextEncoder().encode(name)].map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");

const QUOTINGS: Readonly<Record<string, Quote>> = {
  plain: (name) => name,
  quoted: (name) => `"${name.replaceAll("\\", "\\\\")}"`,
  octal: (name) => `"${octal(name)}"`,
  "with a NUL after it": (name) => `"${octal(name)}\\000.txt"`,
};

const HUNK = "@@ -1 +1 @@\n-a\n+b\n";
const ADDITION = "@@ -0,0 +1 @@\n+x\n";

/** `a.txt` is a file of the tree with the content "a\n"; `stolen` is a free name. */
const ROLES: Readonly<Record<string, (outside: string, q: Quote) => string>> = {
  "copy from": (path, q) => git("a.txt", "stolen", `similarity index 100%\ncopy from ${q(path)}\ncopy to stolen\n`),
  "copy from, named in the header": (path, q) =>
    gitNamed(q(`a/${path}`), "b/stolen", `similarity index 100%\ncopy from ${q(path)}\ncopy to stolen\n`),
  "copy from, with a change": (path, q) =>
    gitNamed(
      q(`a/${path}`),
      "b/stolen",
      `similarity index 50%\ncopy from ${q(path)}\ncopy to stolen\n--- ${q(`a/${path}`)}\n+++ b/stolen\n${HUNK}`,
    ),
  "copy to": (path, q) =>
    gitNamed("a/a.txt", q(`b/${path}`), `similarity index 100%\ncopy from a.txt\ncopy to ${q(path)}\n`),
  "rename from": (path, q) =>
    gitNamed(q(`a/${path}`), "b/stolen", `similarity index 100%\nrename from ${q(path)}\nrename to stolen\n`),
  "rename old": (path, q) =>
    gitNamed(q(`a/${path}`), "b/stolen", `similarity index 100%\nrename old ${q(path)}\nrename new stolen\n`),
  "rename to": (path, q) =>
    gitNamed("a/a.txt", q(`b/${path}`), `similarity index 100%\nrename from a.txt\nrename to ${q(path)}\n`),
  made: (path, q) => same(path, q, `new file mode 100644\n--- /dev/null\n+++ ${q(`b/${path}`)}\n${ADDITION}`),
  "made empty": (path, q) => same(path, q, "new file mode 100644\nindex 0000000..e69de29\n"),
  "made as a symlink": (path, q) =>
    same(
      path,
      q,
      `new file mode 120000\n--- /dev/null\n+++ ${q(`b/${path}`)}\n@@ -0,0 +1 @@\n+/etc\n\\ No newline at end of file\n`,
    ),
  changed: (path, q) => same(path, q, `--- ${q(`a/${path}`)}\n+++ ${q(`b/${path}`)}\n${HUNK}`),
  "changed, the two names apart": (path, q) =>
    gitNamed("a/a.txt", q(`b/${path}`), `--- a/a.txt\n+++ ${q(`b/${path}`)}\n${HUNK}`),
  deleted: (path, q) =>
    same(path, q, `deleted file mode 100644\n--- ${q(`a/${path}`)}\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n`),
  "its mode": (path, q) => same(path, q, "old mode 100644\nnew mode 100755\n"),
  binary: (path, q) =>
    same(path, q, `new file mode 100644\nindex 0000000..7898192\nGIT binary patch\nliteral 1\nIcmYew0{{R30RR91\n\n`),
  "without git's header": (path, q) => `--- ${q(`a/${path}`)}\n+++ ${q(`b/${path}`)}\n${HUNK}`,
  "without git's header, made": (path, q) => `--- /dev/null\n+++ ${q(`b/${path}`)}\n${ADDITION}`,
};

const gitNamed = (from: string, to: string, rest: string) => `diff --git ${from} ${to}\n${rest}`;
const git = (from: string, to: string, rest: string) => gitNamed(`a/${from}`, `b/${to}`, rest);
const same = (path: string, q: Quote, rest: string) => gitNamed(q(`a/${path}`), q(`b/${path}`), rest);

export interface HostilePatch {
  readonly about: string;
  readonly patch: string;
}

export function hostilePatches(): HostilePatch[] {
  return Object.entries(ROLES).flatMap(([role, make]) =>
    OUTSIDE_PATHS.flatMap((path) =>
      Object.entries(QUOTINGS).map(([how, quote]) => ({
        about: `${role}: ${path}, ${how}`,
        // Follows an allowed change, which must not stay either.
        patch: `${git("made.txt", "made.txt", `new file mode 100644\n--- /dev/null\n+++ b/made.txt\n${ADDITION}`)}${make(path, quote)}`,
      })),
    ),
  );
}
