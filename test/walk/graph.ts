/** Known commits by id; pure. */

export interface Commit {
  readonly id: string;
  readonly parents: readonly string[];
  readonly author: string;
  readonly subject: string;
  /** The changes against its only parent: `mode blob path`, as in a raw diff. */
  readonly changes: readonly string[];
}

/** Returns the token of an agent's or a person's commit: `A7`, `P3`. Merges of the product have none. */
export function tokenOf({ subject }: Commit): string | undefined {
  return /^([AP]\d+)\b/.exec(subject)?.[1];
}

export class Graph {
  readonly #commits = new Map<string, Commit>();

  /** Adds commits; keeps known ones, as a shallow clone knows less than the remote. */
  add(commits: readonly Commit[]): void {
    for (const commit of commits) if (!this.#commits.has(commit.id)) this.#commits.set(commit.id, commit);
  }

  get(id: string): Commit | undefined {
    return this.#commits.get(id);
  }

  /** Returns `tips` and all their ancestors. */
  reach(...tips: readonly (string | undefined)[]): Set<string> {
    const found = new Set<string>();
    const left = tips.filter((tip) => tip !== undefined);
    for (let id = left.pop(); id !== undefined; id = left.pop()) {
      if (found.has(id)) continue;
      found.add(id);
      left.push(...(this.#commits.get(id)?.parents ?? []));
    }
    return found;
  }

  /** Returns, for each token in `ids`, the ids that carry it. */
  tokens(ids: Iterable<string>): Map<string, string[]> {
    const found = new Map<string, string[]>();
    for (const id of ids) {
      const commit = this.#commits.get(id);
      const token = commit && tokenOf(commit);
      if (token !== undefined) found.set(token, [...(found.get(token) ?? []), id]);
    }
    return found;
  }

  /** Returns a commit's name for a person. */
  name(id: string): string {
    return `${id.slice(0, 9)} "${this.#commits.get(id)?.subject ?? "unknown"}"`;
  }
}

/** Returns the commits in the output of `git log --raw --no-abbrev` in the format of LOG_FORMAT. */
export function readCommits(text: string): Commit[] {
  return text
    .split("\x01")
    .slice(1)
    .map((record) => {
      const [ids = "", author = "", subject = "", raw = ""] = record.split("\x02");
      const [id = "", ...parents] = ids.split(" ").filter(Boolean);
      const changes = raw.split("\n").flatMap((line) => {
        const [, mode, blob, path] = /^:\d+ (\d+) [0-9a-f]+ ([0-9a-f]+) [A-Z]\d*\t(.*)$/.exec(line) ?? [];
        return path === undefined ? [] : [`${mode} ${blob} ${path}`];
      });
      return { id, parents, author, subject, changes };
    });
}

/** Arguments of git log for readCommits. */
export const LOG_FORMAT = ["--format=%x01%H %P%x02%an%x02%s%x02", "--raw", "--no-abbrev", "--no-renames"] as const;
