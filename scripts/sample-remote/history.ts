import type { SampleCommit } from "./fast-import.ts";
import { Random, sourceFunction, sourcePath } from "./source-text.ts";

/** Share of the files that the first commit adds; later commits add the rest evenly. */
const INITIAL_PART = 0.4;
const MAX_FUNCTIONS = 16;
const MAX_CHANGES_PER_COMMIT = 4;

/**
 * Yields a history that grows like a source tree: a first import, then commits that each add a few files and change a
 * few others. It ends with `files` files, including README.md.
 */
export function* sourceHistory(size: { files: number; commits: number; seed: number }): Generator<SampleCommit> {
  const { files, commits } = size;
  const random = new Random(size.seed);
  const tree: string[][] = [];
  for (let index = 0; index < commits; index += 1) {
    const changed: Record<string, string> = {};
    if (index === 0) changed["README.md"] = "# Sample\n\nMade by a script, the same on every machine.\n";
    else changeSome(tree, random, changed);
    const count =
      commits === 1 ? files : Math.round(files * (INITIAL_PART + ((1 - INITIAL_PART) * index) / (commits - 1)));
    while (tree.length + 1 < count) {
      const functions = Array.from({ length: 1 + random.below(MAX_FUNCTIONS) }, () => sourceFunction(random));
      changed[sourcePath(tree.length)] = functions.join("\n");
      tree.push(functions);
    }
    yield {
      message: index === 0 ? "Import the sources" : `Change ${Object.keys(changed).length} files`,
      files: changed,
    };
  }
}

function changeSome(tree: string[][], random: Random, changed: Record<string, string>): void {
  for (let left = 1 + random.below(MAX_CHANGES_PER_COMMIT); left > 0 && tree.length > 0; left -= 1) {
    const index = random.below(tree.length);
    const functions = tree[index] ?? [];
    functions.splice(random.below(functions.length), 1, sourceFunction(random));
    changed[sourcePath(index)] = functions.join("\n");
  }
}
