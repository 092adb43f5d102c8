import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { lstatSync, readFileSync, statSync } from "node:fs";
import { join, posix } from "node:path";

/** Settings of the runner and of what it starts lie at the top; what they name beside, each test has before it. */
const BEFORE_EACH = [
  "vitest.config.ts",
  "test/support/property-seed.ts",
  "test/support/elsewhere.ts",
  "test/support/reporter.ts",
  "scripts/tests/vitest.ts",
];
/** Not of the checkout's commit, but seen by tests: what is installed, and settings of Wrangler's. */
const BESIDE = ["node_modules/.package-lock.json", ".dev.vars"];

const SOURCE = /\.(?:tsx?|mjs)$/;
const TEST = /\.test\.ts$/;
const TYPES_ONLY = /\b(?:import|export) type\b[^;]*?\bfrom\s*"[^"]+"/g;
const IMPORT = /\b(?:from|import|import\(|mock\()\s*"([^"]+)"/g;
/** Places that can be read from the text: `join(ROOT, "docs", "a.md")`, `new URL("a.sh", import.meta.url)`. */
const JOINED = /\bjoin\(\s*(ROOT|import\.meta\.dirname)((?:,\s*"[^"]*")+),?\s*\)/g;
const BESIDE_IT = /\bnew URL\("([^"]+)", import\.meta\.url\)/g;
/** Whatever else leads from a file to the checkout, or to its tools, which look at all of it. */
const DOORS =
  /\bimport\.meta\b|\bprocess\.cwd\b|\benv(?:\.|\[")(?:PWD|INIT_CWD|npm_\w+)\b|\b__(?:dir|file)name\b|\bcreateRequire\b|\brun(?:Tool|Program)\b|\bimport\((?!\s*")/;
/** From a folder that is named, to where it cannot be told. */
const UP = /"\.\."|\.\.\//;
const TAKES_ROOT = /\bimport \{[^}]*\bROOT\b[^}]*\} from\b/;
const GIVES_ROOT = /\bexport const ROOT\b/;

const isPage = (file: string) => file.endsWith(".md");

/** What the text of a file leads to; "all": where to cannot be told from it. */
interface Leads {
  readonly files: readonly string[];
  readonly all: boolean;
}

/**
 * The files of a checkout, and which of them a test depends on: itself and what it imports, transitively, and the places that
 * these name. A test whose files could come upon anything (tools, scripts that a variable names, the bundled Worker)
 * depends on every file but other tests. Tests run in another folder (test/support/elsewhere.ts): a path that starts from
 * the current one leads none of them into the checkout.
 */
export class Checkout {
  readonly #digests = new Map<string, string>();
  readonly #leads = new Map<string, Leads>();
  readonly #known: ReadonlySet<string>;
  readonly #root: string;
  #shared?: readonly string[];

  /** @param files relative to the root, with slashes */
  constructor(root: string, files: Iterable<string>) {
    this.#root = root;
    this.#known = new Set(files);
  }

  /** As git lists its files, new ones included. @throws Error where it does not */
  static of(root: string): Checkout {
    const args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    const listed = execFileSync("git", args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    return new Checkout(root, listed.split("\0").filter(Boolean));
  }

  /** Test files, in the order of their names. */
  tests(): string[] {
    return [...this.#known].filter((file) => TEST.test(file)).toSorted();
  }

  /** The files that a test depends on. */
  inputsOf(test: string): string[] {
    const { files, all } = this.#reached([test]);
    const top = [...this.#known].filter((file) => !file.includes("/") && !isPage(file));
    // The page that the settings build is seen by those alone that import what is built, and depend on everything.
    const before = this.#reached(BEFORE_EACH.filter((file) => this.#known.has(file))).files;
    const common = [...before].filter((file) => !file.startsWith("src/"));
    // Objects in workerd are under test in the whole Worker, whatever the test imports.
    const rest = all || test.endsWith(".workerd.test.ts") ? this.#whole(files) : [];
    return [...new Set([...files, ...common, ...rest, ...top, ...BESIDE])].toSorted();
  }

  /** The same for the same bytes in the same files, on machines of the same `key`. */
  digestOf(test: string, key: string): string {
    const hash = createHash("sha256").update(`${key}\0${test}\0`);
    for (const file of this.inputsOf(test)) hash.update(`${file}\0${this.#digest(file)}\0`);
    return hash.digest("hex");
  }

  #reached(from: readonly string[]): { files: Set<string>; all: boolean } {
    const files = new Set(from);
    let all = false;
    // A set hands out what is added to it meanwhile.
    for (const file of files) {
      const leads = this.#leadsOf(file);
      all ||= leads.all;
      for (const next of leads.files) files.add(next);
    }
    return { files, all };
  }

  /** Everything but other tests, and those pages that no script and no file of the test names. */
  #whole(own: ReadonlySet<string>): string[] {
    this.#shared ??= this.#everyTests();
    return [...this.#shared, ...this.#pagesNamedIn([...own])];
  }

  #everyTests(): string[] {
    const files = [...this.#known].filter((file) => !TEST.test(file) && !isPage(file));
    return [...files, ...this.#pagesNamedIn(files.filter((file) => file.startsWith("scripts/")))];
  }

  #pagesNamedIn(files: readonly string[]): string[] {
    const texts = files.filter((file) => SOURCE.test(file)).map((file) => this.#text(file));
    const readers = texts.filter((text) => text.includes(".md"));
    return [...this.#known].filter(
      (file) => isPage(file) && readers.some((text) => text.includes(posix.basename(file))),
    );
  }

  #leadsOf(file: string): Leads {
    const known = this.#leads.get(file);
    if (known) return known;
    const found = SOURCE.test(file) ? this.#read(file) : { files: [], all: false };
    this.#leads.set(file, found);
    return found;
  }

  #read(file: string): Leads {
    const text = this.#text(file).replaceAll(TYPES_ONLY, "");
    const files: string[] = [];
    let all = false;
    let hasFolder = false;
    const add = (path: string) => {
      const isFile = this.#known.has(path);
      const found = isFile ? [path] : [...this.#known].filter((each) => each.startsWith(`${path}/`));
      files.push(...found);
      hasFolder ||= !isFile;
      // What is made by a build, or is not there.
      all ||= found.length === 0;
    };
    for (const [, name = ""] of text.matchAll(IMPORT)) {
      const path = name.replace(/\?.*$/, "");
      if (path.startsWith(".")) add(posix.join(posix.dirname(file), path));
      else all ||= this.#isLinked(path);
    }
    // Where the root is; to read or start anything there, others have to name it.
    if (GIVES_ROOT.test(text)) return { files, all };
    for (const [, from, names = ""] of text.matchAll(JOINED)) {
      const parts = [...names.matchAll(/"([^"]*)"/g)].map(([, part = ""]) => part);
      add(posix.join(from === "ROOT" ? "." : posix.dirname(file), ...parts));
    }
    for (const [, name = ""] of text.matchAll(BESIDE_IT)) add(posix.join(posix.dirname(file), name));
    const rest = text.replaceAll(JOINED, "").replaceAll(BESIDE_IT, "");
    const takesRoot = TAKES_ROOT.test(rest) && (rest.match(/\bROOT\b/g) ?? []).length > 1;
    const goesUp = hasFolder && UP.test(rest.replaceAll(IMPORT, ""));
    return { files, all: all || takesRoot || goesUp || DOORS.test(rest) };
  }

  /** A package that is a folder of the checkout. */
  #isLinked(name: string): boolean {
    const packageName = name.split("/", name.startsWith("@") ? 2 : 1).join("/");
    const link = lstatSync(join(this.#root, "node_modules", packageName), { throwIfNoEntry: false });
    return link?.isSymbolicLink() === true;
  }

  #text(file: string): string {
    return this.#bytes(file)?.toString("utf8") ?? "";
  }

  #digest(file: string): string {
    const known = this.#digests.get(file);
    if (known !== undefined) return known;
    const bytes = this.#bytes(file);
    const mode = bytes && statSync(join(this.#root, file)).mode;
    const digest = bytes ? `${mode} ${createHash("sha256").update(bytes).digest("hex")}` : "none";
    this.#digests.set(file, digest);
    return digest;
  }

  #bytes(file: string): Buffer | undefined {
    try {
      return readFileSync(join(this.#root, file));
    } catch {
      // Listed, and deleted; or a link to nowhere.
      return undefined;
    }
  }
}
