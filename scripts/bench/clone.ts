import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { readArguments } from "../support/arguments.ts";
import * as z from "zod/v4";
import { Cleanups } from "../support/cleanups.ts";
import { measureWan } from "../harness/wan/measure.ts";
import type { WanLink } from "../harness/wan/proxy.ts";
import { measure } from "./clone/measure.ts";
import type { Row } from "./clone/measure.ts";
import { Ours } from "./clone/ours.ts";
import { rawStrategies } from "./clone/raw.ts";
import { HEADING, rowLine } from "./clone/report.ts";
import { startRemote } from "./clone/remote.ts";
import { prepareRepository } from "./clone/repository.ts";
import type { RepositoryFacts } from "./clone/repository.ts";
import { AGED_SNAPSHOT, FRESH_SNAPSHOT, missedTargets } from "./clone/targets.ts";
import { weekByGit } from "./clone/week.ts";

const USAGE = `npm run bench:clone -- [--repo <path or URL>]… [--runs <n>] [--json]

How long a working tree takes: git alone (full, shallow, blobless, sparse), and the bundled Worker in bare
workerd with local sandboxes: started for the clone, from the warm pool, from a repository snapshot that was made when
the repository was as it had been a week before, from one of now, and live. "git alone, a week" is what stands between a
week-old clone and a new one without any sandbox: two requests, git's indexing, the checkout. Every byte goes through a
proxy with 50 ms of round trip and 200 Mbit/s each way, from a real git server. The repository is a generated
one of 13,000 commits, then those that --repo names. Medians of runs that take turns. Exit code 1 when a
figure that the project promises is missed.

  --repo <path or URL>   measures this repository as well; any number of times
  --runs <n>             runs of each (default: 3)
  --json                 {link, repositories: [{name, packed_mb, files, commits, commits_of_last_week}], missed,
                          rows: [{repository, strategy, wall_s, bytes, requests, ratio_to_full, full_history, …}]}`;

const LINK: WanLink = { rttMs: 50, mbitPerSecond: 200 };

const runsSchema = z.coerce.number().int().min(3);

const { values } = readArguments(USAGE, {
  options: {
    help: { type: "boolean", short: "h" },
    repo: { type: "string", multiple: true, default: [] },
    runs: { type: "string", default: "3" },
    json: { type: "boolean" },
  },
});
if (values.help) console.log(USAGE);
else process.exitCode = await bench(values.repo, runsSchema.parse(values.runs), values.json === true);

async function bench(repositories: readonly string[], runs: number, json: boolean): Promise<number> {
  // Progress goes to stderr, because it is not part of the result.
  const say = (text: string) => console.error(text);
  const tell = json ? () => undefined : (text: string) => console.log(text);
  const link = await measureWan(LINK);
  tell(`link: ${link.rtt_ms} ms round trip, ${link.down_mbit_s} Mbit/s down, ${link.up_mbit_s} Mbit/s up`);
  const facts: RepositoryFacts[] = [];
  const rows: (Row & { readonly repository: string })[] = [];
  const missed: string[] = [];
  for (const source of [undefined, ...repositories]) {
    const result = await benchRepository(source, runs, say);
    facts.push(result.facts);
    const { name } = result.facts;
    missed.push(...missedTargets(result.facts, result.rows));
    rows.push(...result.rows.map((row) => ({ repository: name, ...row })));
    const { packed_mb, files, commits, commits_of_last_week } = result.facts;
    tell(
      `\n${name}: ${packed_mb} MB packed, ${files} files, ${commits} commits, ${commits_of_last_week} in its last week`,
    );
    tell(HEADING);
    for (const row of result.rows) tell(rowLine(row));
  }
  if (json) console.log(JSON.stringify({ link, repositories: facts, missed, rows }));
  for (const miss of missed) tell(`missed: ${miss}`);
  return missed.length === 0 ? 0 : 1;
}

async function benchRepository(source: string | undefined, runs: number, say: (text: string) => void) {
  const cleanups = new Cleanups();
  try {
    const folder = await mkdtemp(join(tmpdir(), "warmtree-bench-"));
    cleanups.add(() => rm(folder, { recursive: true, force: true }));
    const root = join(folder, "remote");
    const repository = await prepareRepository(root, source, say);
    const remote = await startRemote(root, LINK, cleanups);
    const urlOf = (bare: string) => `${remote.url}/${basename(bare)}`;
    const [url, agedUrl] = [urlOf(repository.bare), urlOf(repository.aged)];
    const { commits, name } = repository.facts;
    const start = (warm: number) => Ours.start(remote.url, warm, cleanups);
    const [plain, pooled, kept] = [await start(0), await start(1), await start(0)];
    if (!kept.layered) say(`${name}: sandboxes start from copies of a snapshot's files here, slower than at E2B`);
    say(`${name}: making snapshots, one of them a week old`);
    await kept.makeSnapshot(agedUrl);
    const week = await weekByGit(agedUrl, folder, repository.aged, commits);
    await repository.advance();
    await kept.makeSnapshot(url);
    const strategies = [
      ...rawStrategies(url, folder, repository),
      plain.cold(url, commits),
      pooled.pool(url, commits),
      week,
      kept.snapshot(AGED_SNAPSHOT, agedUrl, commits),
      kept.snapshot(FRESH_SNAPSHOT, url, commits),
      plain.live(url, commits),
    ];
    return { facts: repository.facts, rows: await measure(strategies, runs, remote.meter, say) };
  } finally {
    await cleanups.run();
  }
}
