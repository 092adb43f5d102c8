import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import type { Stack } from "../../scripts/harness/stack.ts";
import type { Inside } from "../support/inside.ts";
import { hostedSandboxes, remoteGit } from "../support/worker.ts";
import type { Listener } from "./theft/listener.ts";

/**
 * Lists all files outside the tree and Warmtree's own folder, and the settings and hooks that git would run in the
 * tree.
 */
const LOOK = `
find ~ ~/repo/.git/hooks -path ~/repo -prune -o -path ~/.warmtree -prune -o -print 2>/dev/null | sort
grep -v '^\\[branch\\|^.\\(remote\\|merge\\|rebase\\) = ' ~/repo/.git/config
ls ~/repo/.git/hooks ~/repo/.git/info 2>/dev/null
exit 0`;

/** Returns the state of a sandbox that no value in any field may change. */
export const surroundings = (box: Inside): Promise<string> => box.sh(LOOK);

/** Returns all traces of the deeds of families.ts: files, requests, processes. */
export async function deedsDone(stack: Stack, listener: Listener, boxes: readonly Inside[]): Promise<string[]> {
  const found: string[] = [];
  for (const { tree } of await hostedSandboxes(stack)) {
    const left = execFileSync("find", [tree, "-name", "CANARY", "-print"], { encoding: "utf8" });
    if (left !== "") found.push(`a command ran in ${tree}: ${left}`);
  }
  if (existsSync("CANARY")) found.push("a command ran outside of the sandboxes");
  const heard = listener.heard();
  if (heard !== "") found.push(`somebody was asked: ${heard.slice(0, 300)}`);
  for (const box of boxes) {
    const running = await box.sh(
      "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' | grep -ao '.\\{30\\}CANAR[Y] 4000'; exit 0",
    );
    if (running !== "") found.push(`a process runs: ${running}`);
  }
  return found;
}

/**
 * Returns refs of the git host that no caller has named: not in `before`, not an agent's, and not one of the values.
 */
export function strayRefs(stack: Stack, repository: string, before: string, values: ReadonlySet<unknown>): string[] {
  const known = new Set(before.split("\n"));
  return remoteGit(stack, repository, "for-each-ref", "--format=%(objectname) %(refname)")
    .split("\n")
    .filter((line) => !known.has(line))
    .map((line) => line.replace(/^\w+ /, ""))
    .filter((ref) => !ref.startsWith("refs/heads/agent/") && !values.has(ref.replace(/^refs\/(?:heads|tags)\//, "")));
}
