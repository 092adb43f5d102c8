import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import * as z from "zod/v4";
import type { FileResult } from "./run-result.ts";

/** Time after which a test runs again, because other changes of the machine are not detected. */
const KEPT_MS = 7 * 24 * 60 * 60 * 1000;

/** Test files that passed, by the digests of their inputs. */
const passedSchema = z.record(z.string(), z.object({ file: z.string(), tests: z.number(), at: z.number() }));
type Passed = z.infer<typeof passedSchema>;

export interface Unchanged {
  /** Test files that must run. */
  readonly toRun: readonly string[];
  /** Numbers of the other files, and of the tests in them. */
  readonly files: number;
  readonly tests: number;
}

/** Digests of test files by their names. */
export type Digests = ReadonlyMap<string, string>;

/** Remembers in a file which tests passed with which inputs. */
export class PassedTests {
  readonly #file: string;
  readonly #now: () => number;

  constructor(file: string, now: () => number = Date.now) {
    this.#file = file;
    this.#now = now;
  }

  /** Divides test files into those that passed with the same inputs, and the others. */
  unchanged(digests: Digests): Unchanged {
    const passed = this.#read();
    const entries = [...digests].map(([file, digest]) => ({ file, before: passed[digest] }));
    const known = entries.flatMap(({ before }) => before ?? []);
    return {
      toRun: entries.flatMap(({ file, before }) => (before ? [] : file)),
      files: known.length,
      tests: known.reduce((sum, { tests }) => sum + tests, 0),
    };
  }

  /**
   * Keeps the files whose tests all passed. Does not keep a file with a failed or skipped test, or a file whose digest
   * changed during the run.
   */
  keep(before: Digests, after: Digests, results: readonly FileResult[]): void {
    const passed = this.#read();
    for (const { file, passed: tests, failed, skipped } of results) {
      const digest = before.get(file);
      if (digest === undefined || digest !== after.get(file)) continue;
      // Forgets the file even if it passed before: it is unreliable.
      if (failed > 0) delete passed[digest];
      else if (skipped === 0 && tests > 0) passed[digest] = { file, tests, at: this.#now() };
    }
    mkdirSync(dirname(this.#file), { recursive: true });
    const beside = `${this.#file}.${process.pid}`;
    writeFileSync(beside, JSON.stringify(passed));
    renameSync(beside, this.#file);
  }

  #read(): Passed {
    let text = "{}";
    try {
      text = readFileSync(this.#file, "utf8");
    } catch {
      // No tests have passed yet.
    }
    const passed = passedSchema.safeParse(parsed(text)).data ?? {};
    return Object.fromEntries(Object.entries(passed).filter(([, { at }]) => this.#now() - at < KEPT_MS));
  }
}

function parsed(text: string): unknown {
  try {
    return z.unknown().parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
