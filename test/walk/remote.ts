import { LOG_FORMAT, readCommits, type Graph } from "./graph.ts";
import { readRefs } from "./look.ts";
import { runBash } from "./run-bash.ts";

const BRANCHES = "refs/heads/";

/** The bare repository at one moment. */
export interface Remote {
  readonly branches: ReadonlyMap<string, string>;
  readonly tags: ReadonlyMap<string, string>;
}

const SCRIPT = `git for-each-ref --format='%(refname) %(objectname) %(symref)'; printf '\\0'; git log --all "$@"`;

/** Looks at the remote, and adds its commits to the graph. */
export async function lookAtRemote(folder: string, graph: Graph): Promise<Remote> {
  const ended = await runBash(folder, SCRIPT, LOG_FORMAT);
  if (ended.code !== 0) throw new Error(`plain git at the remote: ${ended.stderr}`);
  const [refs = "", ...log] = ended.stdout.toString().split("\0");
  graph.add(readCommits(log.join("\0")));
  const named = (prefix: string) =>
    new Map(
      Array.from(readRefs(refs)).flatMap(([name, id]) =>
        name.startsWith(prefix) ? [[name.slice(prefix.length), id]] : [],
      ),
    );
  return { branches: named(BRANCHES), tags: named("refs/tags/") };
}
