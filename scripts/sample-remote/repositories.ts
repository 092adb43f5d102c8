import { spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { DEFAULT_BRANCH, fastImportStream } from "./fast-import.ts";
import type { SampleCommit } from "./fast-import.ts";
import { sourceHistory } from "./history.ts";

export interface RepositoryContent {
  /** Size of a generated history on main; give both or neither. */
  readonly files?: number;
  readonly commits?: number;
  /** Another seed gives another history of the same size. */
  readonly seed?: number;
  /** Commits to make after the generated ones. */
  readonly history?: Iterable<SampleCommit>;
}

/**
 * The repositories of the sample remote: `small` (50 files, 20 commits, two branches, a tag, names and kinds of file
 * that tools handle badly), `large` (2,000 files, 500 commits), `empty` (no commits) and `manual` (pages, one of which
 * links to the former place of another).
 */
export const SAMPLES = {
  small: { files: 41, commits: 15, history: oddHistory() },
  large: { files: 2_000, commits: 500 },
  empty: {},
  manual: { history: brokenManual() },
} satisfies Record<string, RepositoryContent>;

/**
 * Makes the bare repository `<root>/<name>.git`; the same content gives the same commit ids on every machine.
 * Rejects if the folder has a repository of that name already, or git fails.
 * @returns the repository's folder
 */
export async function makeRepository(root: string, name: string, content: RepositoryContent): Promise<string> {
  const folder = join(root, `${name}.git`);
  // fast-import compares each file only with its predecessor: repacking finds smaller deltas.
  await importRepository(folder, fastImportStream(allCommits(content)), ["-f"]);
  return folder;
}

/**
 * Makes a bare repository from a stream for `git fast-import`, and packs it once as a git host would, so that a clone
 * costs the server almost nothing. Rejects if the folder has a repository already, or git fails.
 * @param packing further arguments of `git repack`
 */
export async function importRepository(
  folder: string,
  stream: Iterable<Buffer>,
  packing: readonly string[] = [],
): Promise<void> {
  await mkdir(folder, { recursive: true });
  await git(folder, ["init", "--quiet", "--bare", `--initial-branch=${DEFAULT_BRANCH}`, "--template=", "."]);
  await git(folder, ["fast-import", "--quiet"], stream);
  await git(folder, ["repack", "-a", "-d", "-q", "--write-bitmap-index", ...packing]);
}

function* allCommits({ files = 0, commits = 0, seed = 1, history = [] }: RepositoryContent): Generator<SampleCommit> {
  yield* sourceHistory({ files, commits, seed });
  yield* history;
}

/** Returns five commits with names and kinds of file that real repositories have and tools forget. */
function oddHistory(): readonly SampleCommit[] {
  const pixels = Uint8Array.from({ length: 2048 }, (_, index) => (index * 37) % 256);
  return [
    {
      message: "Document the layout",
      files: { "README.md": "# Small\n\nA little of everything.\n", "docs/layout.md": "See packages/.\n" },
    },
    {
      message: "Add names that need care",
      files: {
        "docs/with space.txt": "a space in the name\n",
        "docs/größe – 大小.txt": "größer als ASCII: 大小\n",
        'docs/"quoted".txt': "quotes in the name\n",
        "docs/-leading-dash.txt": "not an option\n",
        "docs/no-newline.txt": "the last line has no end",
      },
    },
    {
      message: "Add a picture and a link",
      files: { "assets/pixels.bin": pixels, "docs/start-here": { link: "../README.md" } },
      tag: "v1.0.0",
    },
    {
      message: "Try another search",
      branch: "feature/search",
      from: DEFAULT_BRANCH,
      files: { "docs/search.md": "How search works.\n" },
    },
    { message: "Explain the tag", files: { "CHANGELOG.md": "v1.0.0: the first.\n" } },
  ];
}

/** Returns the history for the examples: a file was moved, and a link to it was not changed. */
function brokenManual(): readonly SampleCommit[] {
  const install = "# Installation\n\nUnpack the archive, and put its folder into your path.\n";
  return [
    {
      message: "Write the manual",
      files: {
        "README.md": "# Manual\n\n- [Installation](docs/install.md)\n- [Use](docs/use.md)\n",
        "docs/install.md": install,
        "docs/use.md": "# Use\n\nFirst do what [Installation](install.md) says. Then start it.\n",
      },
    },
    {
      message: "Move the installation to a folder of its own",
      files: {
        "README.md": "# Manual\n\n- [Installation](docs/setup/install.md)\n- [Use](docs/use.md)\n",
        "docs/install.md": null,
        "docs/setup/install.md": install,
      },
    },
    { message: "Add a license", files: { LICENSE: "Free for all.\n" } },
  ];
}

async function git(folder: string, args: readonly string[], input: Iterable<Buffer> = []): Promise<void> {
  const env = { PATH: process.env.PATH, GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: "/dev/null" };
  const child = spawn("git", args, { cwd: folder, env });
  const errors: Buffer[] = [];
  child.stdout.resume();
  child.stderr.on("data", (chunk: Buffer) => errors.push(chunk));
  const exit = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  // A git that ends early closes the pipe; its exit code shows the failure.
  const [code] = await Promise.all([exit, pipeline(Readable.from(input), child.stdin).catch(() => undefined)]);
  if (code !== 0) throw new Error(`git ${args[0]} failed in ${folder}: ${Buffer.concat(errors).toString().trim()}`);
}
