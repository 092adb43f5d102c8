import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * Makes a bare repository of one commit on main in `root`. `files` has content by path; `-> target` is a symlink,
 * `submodule` a submodule at a commit that does not exist.
 */
export function makeRepositoryOf(root: string, name: string, files: Readonly<Record<string, string>>): void {
  const tree = join(root, `${name}-tree`);
  mkdirSync(tree, { recursive: true });
  const identity = ["-c", "user.name=T", "-c", "user.email=t@example.com"];
  const stdio = ["ignore", "ignore", "pipe"] as const;
  const git = (...args: string[]) => execFileSync("git", ["-C", tree, ...identity, ...args], { stdio: [...stdio] });
  git("init", "-q", "-b", "main");
  for (const [path, content] of Object.entries(files)) {
    const full = join(tree, path);
    mkdirSync(dirname(full), { recursive: true });
    if (content === "submodule") git("update-index", "--add", "--cacheinfo", `160000,${"1".repeat(40)},${path}`);
    else if (content.startsWith("-> ")) symlinkSync(content.slice(3), full);
    else writeFileSync(full, content);
  }
  git("add", "--ignore-removal", ".");
  git("commit", "-q", "-m", "first");
  git("clone", "-q", "--bare", ".", join(root, `${name}.git`));
  rmSync(tree, { recursive: true });
}
