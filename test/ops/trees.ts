import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import * as fc from "fast-check";
import { treePath } from "../../src/ops/tree-path.ts";
import { git, Home } from "./support.ts";

/** Paths of a tree with their content; `-> target` is a symlink. */
export type Tree = Readonly<Record<string, string>>;

/** Returns a home whose tree is a repository without a remote; the files are its first commit. */
export function homeWith(files: Tree = {}): Home {
  const home = new Home("file:///nowhere");
  mkdirSync(home.tree);
  mkdirSync(join(home.path, ".warmtree"));
  git(home.tree, "init", "-q", "--template=", "-b", "main", ".");
  if (Object.keys(files).length > 0) commit(home, files, "first");
  return home;
}

export function write(home: Pick<Home, "tree">, files: Tree): void {
  for (const [path, content] of Object.entries(files)) {
    const full = join(home.tree, path);
    mkdirSync(dirname(full), { recursive: true });
    rmSync(full, { force: true });
    if (content.startsWith("-> ")) symlinkSync(content.slice(3), full);
    else writeFileSync(full, content);
  }
}

/** Removes every file but git's own. */
export function empty(home: Home): void {
  for (const name of readdirSync(home.tree)) {
    if (name !== ".git") rmSync(join(home.tree, name), { recursive: true });
  }
}

/** Makes a named pipe: opening it blocks until another process opens its other end. */
export function makePipe(path: string): void {
  execFileSync("sh", ["-c", 'mkfifo "$1"', "sh", path]);
}

export function commit(home: Home, files: Tree, message: string): string {
  write(home, files);
  home.git("add", "-A");
  home.git("commit", "-q", "--allow-empty", "-m", message);
  return home.git("rev-parse", "HEAD");
}

/** Returns every entry below a folder, without the folder's name; folders end in a slash. */
function walk(folder: string, under = ""): string[] {
  return readdirSync(join(folder, under), { withFileTypes: true }).flatMap((entry) => {
    const path = under === "" ? entry.name : `${under}/${entry.name}`;
    return entry.isDirectory() ? [`${path}/`, ...walk(folder, path)] : [path];
  });
}

/** Returns the working tree: content of files, targets of symlinks, and empty folders. */
export function treeOf(home: Home): Tree {
  const paths = walk(home.tree).filter((path) => !path.startsWith(".git/"));
  const isEmpty = (folder: string) => !paths.some((path) => path !== folder && path.startsWith(folder));
  return Object.fromEntries(
    paths.flatMap((path) => {
      const full = join(home.tree, path);
      if (path.endsWith("/")) return isEmpty(path) ? [[path, "empty folder"]] : [];
      return [[path, lstatSync(full).isSymbolicLink() ? `-> ${readlinkSync(full)}` : readFileSync(full, "utf8")]];
    }),
  );
}

/** Returns a hash over all data that a write to the tree or to .git would change, times included. */
export function fingerprint(home: Home): string {
  const hash = createHash("sha256");
  for (const path of ["", ...walk(home.tree)].sort()) {
    const full = join(home.tree, path);
    const { mode, mtimeNs, ino } = lstatSync(full, { bigint: true });
    hash.update(`${path}\0${mode}\0${mtimeNs}\0${ino}\0`);
  }
  return hash.digest("hex");
}

const UNITS = [
  "a",
  "b",
  ".",
  "-",
  " ",
  "\n",
  "\t",
  '"',
  "'",
  "\\",
  "*",
  "[",
  "$",
  "`",
  ":",
  ";",
  "#",
  "%",
  "é",
  "日",
  "\u{1f333}",
  "\r",
  "\x01",
];

/** File names as hostile as a file system allows. */
export const fileName = fc
  .string({ unit: fc.constantFrom(...UNITS), minLength: 1, maxLength: 6 })
  .filter((name) => treePath.safeParse(name).data === name);

const line = fc.string({ unit: fc.constantFrom("x", "y", " ", "\t", "é", "\r", "+", "-", "@"), maxLength: 8 });

/** Text files: with and without a last line end, sometimes empty. */
const text = fc
  .tuple(fc.array(line, { maxLength: 8 }), fc.boolean())
  .map(([lines, ended]) => (lines.length === 0 ? "" : lines.join("\n") + (ended ? "\n" : "")));

/**
 * Folder names. git apply cannot read git's own header of an empty file in a folder whose name begins or ends with a
 * space.
 */
const folderName = fileName.filter((name) => name.trim() === name);

const path = fc
  .tuple(fc.array(folderName, { maxLength: 1 }), fileName)
  .map(([folders, name]) => [...folders, name].join("/"));

/** Trees in which no file has the name of a folder. */
export const tree: fc.Arbitrary<Tree> = fc
  .uniqueArray(fc.tuple(path, text), { maxLength: 6, selector: ([name]) => name })
  .map((files) => files.filter(([name]) => !files.some(([other]) => other.startsWith(`${name}/`))))
  .map((files) => Object.fromEntries(files));
