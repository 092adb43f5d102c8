/** What the examples look for, without a model: links in Markdown pages that lead nowhere, because a file was moved. */
import { posix } from "node:path";

/** For git_search: a Markdown link. */
export const LINK_PATTERN = String.raw`\]\([^)]+\)`;
const LINKS = /\]\(([^)#]+)(?:#[^)]*)?\)/g;

/** A link to a file of the same repository. */
export interface Link {
  readonly page: string;
  readonly line: number;
  /** As the page has it. */
  readonly target: string;
  /** Where it leads, from the top of the repository. */
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

/** Where the history says that a file went, and by which commit. */
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

/** The edit that lets a link lead to another path. */
export function corrected({ page, target }: Link, path: string): { path: string; old: string; new: string } {
  return { path: page, old: `](${target}`, new: `](${posix.relative(posix.dirname(page), path)}` };
}
