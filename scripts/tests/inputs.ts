import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { lstatSync, readFileSync, statSync } from "node:fs";
import { join, posix } from "node:path";
import { leadsOf, pagesIn } from "./leads.ts";

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
const isPage = (file: string) => file.endsWith(".md");

/** The files that a file leads to; `all`: it may lead to any. */
interface Reached {
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
  readonly #reach = new Map<string, Reached>();
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
      const leads = this.#reachOf(file);
      all ||= leads.all;
      for (const next of leads.files) files.add(next);
    }
    return { files, all };
  }

  /** Everything but other tests, and those pages that no script and no file of the test names. */
  #whole(own: ReadonlySet<string>): string[] {
    this.#shared ??= this.#everyTests();
    const names = this.#pagesIn([...own]);
    return [...this.#shared, ...this.#pages((page) => names.has("") || names.has(page))];
  }

  #everyTests(): string[] {
    const files = [...this.#known].filter((file) => !TEST.test(file) && !isPage(file));
    const names = this.#pagesIn(files.filter((file) => file.startsWith("scripts/")));
    return [...files, ...this.#pages((page) => names.has(page))];
  }

  #pagesIn(files: readonly string[]): Set<string> {
    return new Set(files.filter((file) => SOURCE.test(file)).flatMap((file) => pagesIn(this.#text(file))));
  }

  #pages(isMeant: (name: string) => boolean): string[] {
    return [...this.#known].filter((file) => isPage(file) && isMeant(posix.basename(file)));
  }

  #reachOf(file: string): Reached {
    const known = this.#reach.get(file);
    if (known) return known;
    const found = SOURCE.test(file) ? this.#read(file) : { files: [], all: false };
    this.#reach.set(file, found);
    return found;
  }

  #read(file: string): Reached {
    const { paths, packages, anywhere, upwards } = leadsOf(file, this.#text(file));
    const folders = paths.filter((path) => !this.#known.has(path));
    const within = folders.map((folder) => [...this.#known].filter((each) => each.startsWith(`${folder}/`)));
    // Nothing is in what a build makes, or what is not there.
    const isOpen = anywhere || (upwards && folders.length > 0) || within.some((files) => files.length === 0);
    const files = [...paths.filter((path) => this.#known.has(path)), ...within.flat()];
    return { files, all: isOpen || packages.some((name) => this.#isLinked(name)) };
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
