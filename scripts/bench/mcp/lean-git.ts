/**
 * Runs git and reports its time, for a parent that asks over IPC. Runs in a process of its own with as little memory as
 * possible: starting a process copies the page tables of the parent, so git looks slower the more memory the parent
 * has. If git fails, this process ends with git's error.
 */
import { spawnGit } from "./spawn-git.ts";

export interface LeanRequest {
  readonly id: number;
  readonly tree: string;
  readonly args: readonly string[];
}

export interface LeanAnswer {
  readonly id: number;
  readonly ms: number;
}

process.on("message", ({ id, tree, args }: LeanRequest) => {
  void spawnGit(tree, args).then((ms) => process.send?.({ id, ms } satisfies LeanAnswer));
});
