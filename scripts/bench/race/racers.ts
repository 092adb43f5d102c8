import { execFileSync } from "node:child_process";
import { join } from "node:path";
import * as z from "zod/v4";
import { makeRepository } from "../../sample-remote/repositories.ts";
import { callOperation } from "../../support/client.ts";
import type { Stack } from "../../harness/stack.ts";

/** A sandbox host on this machine starts sandboxes no faster with more at once. */
const CLONES_AT_ONCE = 8;

/** A client's timeout for an answer, and its number of calls. */
interface Patience {
  readonly waitMs: number;
  readonly maxCalls: number;
}

/** Waits as long as an operation may take. */
const PATIENT: Patience = { waitMs: 300_000, maxCalls: 1 };
export const IMPATIENT: Patience = { waitMs: 3_000, maxCalls: 60 };

interface Push {
  readonly ok: boolean;
  /** Time from the first call to the answer. */
  readonly wait_s: number;
  readonly calls: number;
}

interface Round {
  readonly wall_s: number;
  readonly waits_s: readonly number[];
  /** Pushes whose answer was not a success, and pushes that are not on main exactly once. */
  readonly failed: number;
  readonly calls: number;
}

/** Workspaces of one repository, each on a branch of its own, that push to main. */
export class Racers {
  readonly #stack: Stack;
  readonly #ids: readonly string[];
  #round = 0;

  private constructor(stack: Stack, ids: readonly string[]) {
    this.#stack = stack;
    this.#ids = ids;
  }

  static async prepare(stack: Stack, count: number): Promise<Racers> {
    await makeRepository(stack.git.root, "race", { files: 50, commits: 5 });
    const repo_url = `${stack.git.url}/race.git`;
    const ids: string[] = [];
    for (let n = 0; n < count; n += CLONES_AT_ONCE) {
      const some = Array.from({ length: Math.min(CLONES_AT_ONCE, count - n) }, (_, k) => `agent${n + k}`);
      const clones = some.map((agent_id) => must(stack, "clone", { repo_url, agent_id, task_id: "race" }));
      ids.push(...(await Promise.all(clones)).map((json) => cloned.parse(json).sandbox_id));
    }
    return new Racers(stack, ids);
  }

  /** Pushes from the workspaces `first` up to `end`, each after the answer to the one before. */
  inTurn(first: number, end: number): Promise<Round> {
    return this.#measured(first, end, PATIENT, async (pushes) => {
      const ended: Push[] = [];
      for (const push of pushes) ended.push(await push());
      return ended;
    });
  }

  atOnce(count: number, patience = PATIENT): Promise<Round> {
    return this.#measured(0, count, patience, (pushes) => Promise.all(pushes.map((push) => push())));
  }

  async #measured(
    first: number,
    end: number,
    patience: Patience,
    run: (pushes: readonly (() => Promise<Push>)[]) => Promise<Push[]>,
  ): Promise<Round> {
    const round = ++this.#round;
    const ids = this.#ids.slice(first, end);
    for (const [n, sandbox_id] of ids.entries()) {
      await must(this.#stack, "edit", { sandbox_id, files: [{ path: fileOf(round, n), content: `${n}\n` }] });
    }
    const begins = ids.map(
      (sandbox_id, n) => () => pushed(this.#stack, { sandbox_id, message: subjectOf(round, n), to: "main" }, patience),
    );
    const startedAt = performance.now();
    const pushes = await run(begins);
    return {
      wall_s: secondsSince(startedAt),
      waits_s: pushes.map(({ wait_s }) => wait_s),
      failed: pushes.filter(({ ok }) => !ok).length + this.#missing(round, ids.length),
      calls: pushes.reduce((sum, { calls }) => sum + calls, 0),
    };
  }

  /** Returns the number of pushes of a round that are not on main exactly once. */
  #missing(round: number, count: number): number {
    const repository = join(this.#stack.git.root, "race.git");
    const git = (...args: string[]) =>
      execFileSync("git", ["-C", repository, ...args], { encoding: "utf8" }).split("\n");
    const subjects = git("log", "--format=%s", "main");
    const files = new Set(git("ls-tree", "-r", "--name-only", "main"));
    return Array.from({ length: count }, (_, n) => n).filter((n) => {
      const isOnce = subjects.filter((subject) => subject === subjectOf(round, n)).length === 1;
      return !isOnce || !files.has(fileOf(round, n));
    }).length;
  }
}

const cloned = z.object({ sandbox_id: z.string() });

const subjectOf = (round: number, n: number) => `Round ${round}: ${n}`;
const fileOf = (round: number, n: number) => `round-${round}/${n}.txt`;

async function pushed(stack: Stack, body: object, { waitMs, maxCalls }: Patience): Promise<Push> {
  const startedAt = performance.now();
  for (let calls = 1; calls <= maxCalls; calls++) {
    const signal = AbortSignal.timeout(waitMs);
    const answer = await callOperation(stack.url, "push", body, { signal }).catch((error: unknown) => {
      if (error instanceof Error && error.name === "TimeoutError") return undefined;
      throw error;
    });
    if (answer) return { ok: answer.status === 200, wait_s: secondsSince(startedAt), calls };
  }
  return { ok: false, wait_s: secondsSince(startedAt), calls: maxCalls };
}

async function must(stack: Stack, operation: string, body: object): Promise<unknown> {
  const { status, json } = await callOperation(stack.url, operation, body);
  if (status !== 200) throw new Error(`${operation} answered ${status}: ${JSON.stringify(json)}`);
  return json;
}

const secondsSince = (startedAt: number) => (performance.now() - startedAt) / 1000;
