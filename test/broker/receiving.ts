import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Writes the commands that git has understood, and carries out none of them. */
const HOOK = '#!/bin/sh\ncat >"$GIT_DIR/../heard" 2>/dev/null\nexit 1\n';
const IDENTITY = ["-c", "user.name=n", "-c", "user.email=n@example.com"];

/** A bare repository that reads pushes as a git host does, and accepts none. */
export interface Receiving {
  /** Ids of its commits. */
  readonly commits: readonly [string, string];
  /** Gives a body to git's own reader. @returns the commands as git understood them: `old new ref` */
  hear(body: Uint8Array): string[];
  remove(): void;
}

export function startReceiving(): Receiving {
  const folder = mkdtempSync(join(tmpdir(), "warmtree-receiving-"));
  const bare = join(folder, "bare.git");
  const git = (...args: string[]) =>
    execFileSync("git", ["-C", bare, ...IDENTITY, ...args], { encoding: "utf8", input: "" }).trim();
  execFileSync("git", ["init", "-q", "--bare", "-b", "main", bare]);
  const tree = git("hash-object", "-t", "tree", "-w", "--stdin");
  const first = git("commit-tree", tree, "-m", "first");
  const second = git("commit-tree", tree, "-m", "second", "-p", first);
  git("update-ref", "refs/heads/main", second);
  git("config", "receive.advertisePushOptions", "true");
  writeFileSync(join(bare, "hooks", "pre-receive"), HOOK, { mode: 0o755 });
  const heard = join(folder, "heard");
  return {
    commits: [first, second],
    hear: (body) => {
      rmSync(heard, { force: true });
      spawnSync("git", ["receive-pack", "--stateless-rpc", bare], { input: body });
      return existsSync(heard) ? readFileSync(heard, "latin1").split("\n").filter(Boolean) : [];
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
