import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { lstatSync, readFileSync, statSync } from "node:fs";
import { join, posix } from "node:path";
import { leadsOf, pagesIn } from "./leads.ts";

/** Files that every run loads: the runner's settings, and the files outside of the top folder that they name. */
const BEFORE_EACH = [
  "vitest.config.ts",
  "test/support/property-seed.ts",
  "test/support/elsewhere.ts",
  "test/support/reporter.ts",
  "scripts/tests/vitest.ts",
];
/** Files that are not in the checkout's commit but affect tests: the installed packages, and settings of Wrangler. */
const BESIDE = ["node_modules/.package-lock.json", ".dev.vars"];

const SOURCE = /\.(?:tsx?|mjs)$/;
const TEST = /\.test\.ts$/;
const isPage = (file: string) => file.endsWith(".md");

/** The files to which a file leads; `all`: it may lead to any file. */
interface Reached {
  readonly files: readonly string[];
  readonly all: boolean;
}

/**
 * Knows the files of a checkout, and those on which a test depends: itself, the files that it imports, transitively,
 * and the places that these name. A test whose files may read any file (tools, scripts that a variable names, the
 * bundled Worker) depends on every file except other tests. Tests run in another folder (test/support/elsewhere.ts), so
 * a path relative to the current folder does not lead into the checkout.
 */
export class Checkout {
  readonly #digests = new Map<string, string>();
  readonly #reach = new Map<string, Reached>();
  readonly #known: ReadonlySet<string>;
  readonly #root: string;
  #shared?: readonly string[];

  /** @param files paths relative to the root, with slashes */
  constructor(root: string, files: Iterable<string>) {
    this.#root = root;
    this.#known = new Set(files);
  }

  /** Returns a checkout with the files that git lists, including new ones. @throws Error if git cannot list them */
  static of(root: string): Checkout {
    const args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    const listed = execFileSync("git", args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    return new Checkout(root, listed.split("\0").filter(Boolean));
  }

  /** Returns the test files, sorted by name. */
  tests(): string[] {
    return [...this.#known].filter((file) => TEST.test(file)).toSorted();
  }

  /** Returns the files on which a test depends. */
  inputsOf(test: string): string[] {
    const { files, all } = this.#reached([test]);
    const top = [...this.#known].filter((file) => !file.includes("/") && !isPage(file));
    // Leaves out src/, from which the settings build the page: tests that import the page depend on every file anyway.
    const before = this.#reached(BEFORE_EACH.filter((file) => this.#known.has(file))).files;
    const common = [...before].filter((file) => !file.startsWith("src/"));
    // Tests in workerd test objects in the whole Worker, regardless of the test's imports.
    const rest = all || test.endsWith(".workerd.test.ts") ? this.#whole(files) : [];
    return [...new Set([...files, ...common, ...rest, ...top, ...BESIDE])].toSorted();
  }

  /** Returns an equal digest for equal bytes in the same files, on machines with the same `key`. */
  digestOf(test: string, key: string): string {
    const hash = createHash("sha256").update(`${key}\0${test}\0`);
    for (const file of this.inputsOf(test)) hash.update(`${file}\0${this.#digest(file)}\0`);
    return hash.digest("hex");
  }

  #reached(from: readonly string[]): { files: Set<string>; all: boolean } {
    const files = new Set(from);
    let all = false;
    // The loop also visits files that are added to the set meanwhile.
    for (const file of files) {
      const leads = this.#reachOf(file);
      all ||= leads.all;
      for (const next of leads.files) files.add(next);
    }
    return { files, all };
  }

  /** Returns all files except other tests, and except pages that no script and no file of the test names. */
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
    // A folder without known files is built or missing: its contents are unknown.
    const isOpen = anywhere || (upwards && folders.length > 0) || within.some((files) => files.length === 0);
    const files = [...paths.filter((path) => this.#known.has(path)), ...within.flat()];
    return { files, all: isOpen || packages.some((name) => this.#isLinked(name)) };
  }

  /** Whether a package is a folder of the checkout. */
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
      // The file is listed but deleted, or a broken link.
      return undefined;
    }
  }
}
