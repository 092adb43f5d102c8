import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import type { Stack } from "../../scripts/harness/stack.ts";
import type { Inside } from "../support/inside.ts";
import { hostedSandboxes, remoteGit } from "../support/worker.ts";
import type { Listener } from "./theft/listener.ts";

/** Names of all files outside of the tree and of Warmtree's own folder, and what git would run in the tree. */
const LOOK = `
find ~ ~/repo/.git/hooks -path ~/repo -prune -o -path ~/.warmtree -prune -o -print 2>/dev/null | sort
grep -v '^\\[branch\\|^.\\(remote\\|merge\\|rebase\\) = ' ~/repo/.git/config
ls ~/repo/.git/hooks ~/repo/.git/info 2>/dev/null
exit 0`;

/** What no value in any field may change in a sandbox. */
export const surroundings = (box: Inside): Promise<string> => box.sh(LOOK);

/** Everything that a deed of families.ts leaves behind: files, requests, processes. */
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

/** Refs of the git host that no caller has named: each is one of `before`, an agent's, or a value as it stands. */
export function strayRefs(stack: Stack, repository: string, before: string, values: ReadonlySet<unknown>): string[] {
  const known = new Set(before.split("\n"));
  return remoteGit(stack, repository, "for-each-ref", "--format=%(objectname) %(refname)")
    .split("\n")
    .filter((line) => !known.has(line))
    .map((line) => line.replace(/^\w+ /, ""))
    .filter((ref) => !ref.startsWith("refs/heads/agent/") && !values.has(ref.replace(/^refs\/(?:heads|tags)\//, "")));
}
