/** Content of a path after a commit: text, bytes, a symbolic link, a blob of fastImportBlob, or null (deleted). */
export type SampleFile = string | Uint8Array | { readonly link: string } | { readonly mark: number } | null;

export interface SampleCommit {
  readonly message: string;
  /** Files that the commit changes, by path. */
  readonly files: Readonly<Record<string, SampleFile>>;
  /** Default: main. */
  readonly branch?: string;
  /** The branch that `branch` starts from; for the first commit of a branch only. */
  readonly from?: string;
  /** Name of a lightweight tag to set on this commit. */
  readonly tag?: string;
  /** `Name <address>`. */
  readonly author?: string;
  /** Seconds since 1970; absent: an hour after the previous commit, and authored at the same time. */
  readonly committedAt?: number;
  readonly authoredAt?: number;
}

export const DEFAULT_BRANCH = "main";

/** Committer, and time of the first commit by default: commit ids must not depend on the machine. */
const COMMITTER = "Sample Author <author@example.com>";
const FIRST_COMMIT_SECONDS = Date.UTC(2026, 0, 1) / 1000;
const COMMIT_INTERVAL_SECONDS = 3600;

/** Yields commits in the input format of `git fast-import`, one chunk for each. */
export function* fastImportStream(commits: Iterable<SampleCommit>): Generator<Buffer> {
  let next = FIRST_COMMIT_SECONDS;
  for (const commit of commits) {
    const { message, files, branch = DEFAULT_BRANCH, from, tag, author = COMMITTER, committedAt = next } = commit;
    const ref = `refs/heads/${branch}`;
    const people = `author ${author} ${commit.authoredAt ?? committedAt} +0000\ncommitter ${COMMITTER} ${committedAt} +0000`;
    const parts: (string | Uint8Array)[] = [`commit ${ref}\n${people}\n`, ...data(message)];
    if (from !== undefined) parts.push(`from refs/heads/${from}\n`);
    for (const [path, file] of Object.entries(files)) parts.push(...change(path, file));
    if (tag !== undefined) parts.push(`reset refs/tags/${tag}\nfrom ${ref}\n\n`);
    yield joined(parts);
    next = committedAt + COMMIT_INTERVAL_SECONDS;
  }
}

/** Returns a blob that later commits can refer to by its mark, a number above 0 that is used once. */
export function fastImportBlob(mark: number, content: string | Uint8Array): Buffer {
  return joined([`blob\nmark :${mark}\n`, ...data(content)]);
}

function joined(parts: readonly (string | Uint8Array)[]): Buffer {
  return Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part) : part)));
}

function change(path: string, file: SampleFile): (string | Uint8Array)[] {
  const quoted = `"${path.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
  if (file === null) return [`D ${quoted}\n`];
  if (typeof file === "object" && "mark" in file) return [`M 100644 :${file.mark} ${quoted}\n`];
  if (typeof file === "object" && "link" in file) return [`M 120000 inline ${quoted}\n`, ...data(file.link)];
  return [`M 100644 inline ${quoted}\n`, ...data(file)];
}

function data(content: string | Uint8Array): (string | Uint8Array)[] {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  return [`data ${bytes.byteLength}\n`, bytes, "\n"];
}
