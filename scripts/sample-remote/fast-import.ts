/** What a path holds after a commit: text, bytes, a symbolic link, or nothing (deleted). */
type SampleFile = string | Uint8Array | { readonly link: string } | null;

export interface SampleCommit {
  readonly message: string;
  /** The files it changes, by path. */
  readonly files: Readonly<Record<string, SampleFile>>;
  /** Default: main. */
  readonly branch?: string;
  /** The branch that `branch` starts from; for the first commit of a branch only. */
  readonly from?: string;
  /** Name of a lightweight tag to set on this commit. */
  readonly tag?: string;
}

export const DEFAULT_BRANCH = "main";

/** Every commit is made by the same person, an hour after the one before: commit ids must not depend on the machine. */
const AUTHOR = "Sample Author <author@example.com>";
const FIRST_COMMIT_SECONDS = Date.UTC(2026, 0, 1) / 1000;
const COMMIT_INTERVAL_SECONDS = 3600;

/** Writes commits in the input format of `git fast-import`, one chunk for each. */
export function* fastImportStream(commits: Iterable<SampleCommit>): Generator<Buffer> {
  let seconds = FIRST_COMMIT_SECONDS;
  for (const { message, files, branch = DEFAULT_BRANCH, from, tag } of commits) {
    const ref = `refs/heads/${branch}`;
    const parts: (string | Uint8Array)[] = [`commit ${ref}\ncommitter ${AUTHOR} ${seconds} +0000\n`, ...data(message)];
    if (from !== undefined) parts.push(`from refs/heads/${from}\n`);
    for (const [path, file] of Object.entries(files)) parts.push(...change(path, file));
    if (tag !== undefined) parts.push(`reset refs/tags/${tag}\nfrom ${ref}\n\n`);
    yield Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part) : part)));
    seconds += COMMIT_INTERVAL_SECONDS;
  }
}

function change(path: string, file: SampleFile): (string | Uint8Array)[] {
  const quoted = `"${path.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
  if (file === null) return [`D ${quoted}\n`];
  if (typeof file === "object" && "link" in file) return [`M 120000 inline ${quoted}\n`, ...data(file.link)];
  return [`M 100644 inline ${quoted}\n`, ...data(file)];
}

function data(content: string | Uint8Array): (string | Uint8Array)[] {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  return [`data ${bytes.byteLength}\n`, bytes, "\n"];
}
