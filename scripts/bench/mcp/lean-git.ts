/**
 * Runs git and says how long it took, for a parent that asks over IPC. A process of its own with as little memory as can
 * be: starting a process copies the page tables of the one that starts it, so git looks slower the more that one holds.
 * A git that fails ends it, with its error.
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
