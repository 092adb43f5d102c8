/** The examples' task, done without a model: finds links in Markdown pages to files that were moved. */
import { posix } from "node:path";

/** Pattern of a Markdown link, for git_search. */
export const LINK_PATTERN = String.raw`\]\([^)]+\)`;
const LINKS = /\]\(([^)#]+)(?:#[^)]*)?\)/g;

/** A link to a file of the same repository. */
export interface Link {
  readonly page: string;
  readonly line: number;
  /** Target as written in the page. */
  readonly target: string;
  /** Path of the target from the top of the repository. */
  readonly path: string;
}

interface Match {
  readonly path: string;
  readonly line: number;
  readonly text: string;
}

export function linksIn(matches: readonly Match[]): Link[] {
  return matches
    .filter(({ path }) => path.endsWith(".md"))
    .flatMap(({ path: page, line, text }) =>
      Array.from(text.matchAll(LINKS), ([, target = ""]) => ({
        page,
        line,
        target,
        path: posix.normalize(posix.join(posix.dirname(page), target)),
      })),
    )
    .filter(({ target }) => !/^[a-z]+:/.test(target));
}

interface Commit {
  readonly sha: string;
  readonly author: string;
  readonly subject: string;
  readonly files?: readonly { readonly path: string; readonly from?: string | undefined }[] | undefined;
}

/** Returns the path to which the history says a file moved, and the commit that moved it. */
export function movedTo(
  commits: readonly Commit[],
  path: string,
): { readonly path: string; readonly by: Commit } | undefined {
  for (const by of commits) {
    const moved = by.files?.find(({ from }) => from === path);
    if (moved) return { path: moved.path, by };
  }
  return undefined;
}

/** Returns the edit that changes a link to another path. */
export function corrected({ page, target }: Link, path: string): { path: string; old: string; new: string } {
  return { path: page, old: `](${target}`, new: `](${posix.relative(posix.dirname(page), path)}` };
}
