import { DEFAULT_BRANCH } from "./fast-import.ts";
import type { SampleCommit, SampleFile } from "./fast-import.ts";
import type { ProjectSize } from "./project-plan.ts";
import { Random, sourceFunction, sourceName } from "./source-text.ts";

const DAY_SECONDS = 24 * 3600;
const FIRST_DAY_SECONDS = Date.UTC(2024, 0, 1) / 1000;
const COMMITS_PER_WEEK = 77;
/** Commits on a day of the weekend, as a share of those on a working day. */
const WEEKEND_PART = 0.2;
const FIRST_HOUR = 7;
const HOURS = 14;

const AUTHORS = 60;
const MAX_BODY_LINES = 5;
const MAX_REVIEW_HOURS = 72;
const COMMITS_PER_TAG = 40;
/** Besides main there are branches that are never merged: old releases, and forgotten work. */
const COMMITS_PER_BRANCH = 900;
const MAX_BRANCH_COMMITS = 20;

/** Yields the commits of a project in order of time; `changes` are the files that each commit of main changes. */
export function* projectCommits(
  { commits, seed }: ProjectSize,
  changes: readonly Readonly<Record<string, SampleFile>>[],
): Generator<SampleCommit> {
  const random = new Random(seed);
  const times = commitTimes(commits, random);
  for (const [index, files] of changes.entries()) {
    const committedAt = times[index] ?? FIRST_DAY_SECONDS;
    const isTagged = index % COMMITS_PER_TAG === COMMITS_PER_TAG - 1;
    yield {
      ...description(random, committedAt),
      files,
      ...(isTagged && { tag: `v${Math.ceil(index / COMMITS_PER_TAG)}` }),
    };
    if (index % COMMITS_PER_BRANCH === COMMITS_PER_BRANCH - 1) yield* branchCommits(random, committedAt);
  }
}

function* branchCommits(random: Random, startedAt: number): Generator<SampleCommit> {
  const branch = `work/${sourceName(random)}`;
  for (let left = 1 + random.below(MAX_BRANCH_COMMITS), index = 0; index < left; index += 1) {
    const committedAt = startedAt + (index + 1) * 3600;
    const files = { [`packages/later/${sourceName(random)}.ts`]: sourceFunction(random) };
    yield { ...description(random, committedAt), branch, ...(index === 0 && { from: DEFAULT_BRANCH }), files };
  }
}

/** Returns the times of commits, ascending, in seconds since 1970. */
function commitTimes(count: number, random: Random): readonly number[] {
  const days = Math.ceil((count / COMMITS_PER_WEEK) * 7);
  const times: number[] = [];
  while (times.length < count) {
    const day = random.below(days);
    const isWeekend = new Date((FIRST_DAY_SECONDS + day * DAY_SECONDS) * 1000).getUTCDay() % 6 === 0;
    if (isWeekend && random.below(100) >= WEEKEND_PART * 100) continue;
    times.push(FIRST_DAY_SECONDS + day * DAY_SECONDS + FIRST_HOUR * 3600 + random.below(HOURS * 3600));
  }
  return times.sort((a, b) => a - b);
}

function description(random: Random, committedAt: number) {
  const body = Array.from({ length: random.below(MAX_BODY_LINES) }, () =>
    Array.from({ length: 4 }, () => sourceName(random)).join(" "),
  );
  const author = random.below(AUTHORS);
  return {
    message: [`Change how ${sourceName(random)} works (#${random.below(20_000)})`, "", ...body].join("\n").trim(),
    author: `Author ${author} <author-${author}@example.com>`,
    authoredAt: committedAt - random.below(MAX_REVIEW_HOURS * 3600),
    committedAt,
  };
}
