import { git } from "../../harness/git.ts";

export const WEEK_SECONDS = 7 * 24 * 3600;

/** Refs of a bare repository: commit or tag object by ref name. */
type Refs = ReadonlyMap<string, string>;

/**
 * Moves the refs of a bare repository to their state a week before its newest commit, according to the commits' dates,
 * and deletes newer refs.
 * @returns a function that moves the refs to the present again
 */
export async function goBackAWeek(bare: string): Promise<() => Promise<void>> {
  const present = await readRefs(bare);
  const past = await refsBefore(bare, (await newestCommit(bare)) - WEEK_SECONDS);
  await setRefs(bare, present, past);
  return () => setRefs(bare, past, present);
}

/** Returns the time of the newest commit, in seconds since 1970. */
export async function newestCommit(bare: string): Promise<number> {
  const newest = ["--sort=-committerdate", "--count=1", "--format=%(committerdate:unix)", "refs/heads"];
  return Number(await git(bare, ["for-each-ref", ...newest]));
}

async function readRefs(bare: string): Promise<Refs> {
  const lines = await git(bare, ["for-each-ref", "--format=%(refname) %(objectname)"]);
  return new Map(lines.split("\n").map((line) => pair(line)));
}

async function refsBefore(bare: string, seconds: number): Promise<Refs> {
  const refs = new Map<string, string>();
  const branches = await git(bare, ["for-each-ref", "--format=%(refname)", "refs/heads"]);
  for (const branch of branches.split("\n")) {
    const commit = await git(bare, ["rev-list", "-1", `--before=${seconds}`, branch, "--"]);
    if (commit !== "") refs.set(branch, commit);
  }
  const tags = await git(bare, ["for-each-ref", "--format=%(refname) %(objectname) %(creatordate:unix)", "refs/tags"]);
  for (const line of tags.split("\n")) {
    const [name = "", id = "", createdAt] = line.split(" ");
    if (name !== "" && Number(createdAt) <= seconds) refs.set(name, id);
  }
  return refs;
}

async function setRefs(bare: string, from: Refs, to: Refs): Promise<void> {
  const gone = [...from.keys()].filter((name) => !to.has(name)).map((name) => `delete ${name}\n`);
  const set = [...to].map(([name, id]) => `update ${name} ${id}\n`);
  await git(bare, ["update-ref", "--stdin"], [...gone, ...set].join(""));
  await git(bare, ["pack-refs", "--all"]);
}

function pair(line: string): [string, string] {
  const [name = "", id = ""] = line.split(" ");
  return [name, id];
}
