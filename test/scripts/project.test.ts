import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { goBackAWeek } from "../../scripts/bench/clone/past.ts";
import { projectStream } from "../../scripts/sample-remote/project.ts";
import { importRepository } from "../../scripts/sample-remote/repositories.ts";
import { git } from "../../scripts/harness/git.ts";

const SIZE = { commits: 200, files: 120, pictures: 3, seed: 1 };

let folder: string;
let bare: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "warmtree-project-"));
  bare = join(folder, "project.git");
  await importRepository(
    bare,
    projectStream(SIZE, () => undefined),
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const run = (...args: string[]) => git(bare, args);

test("a generated project has the shape of a real one, and is the same everywhere", async () => {
  await run("fsck", "--strict");
  expect(await run("rev-parse", "main")).toBe("b6acd4e1b65fe74368e2aa713f17294ec096d589");
  expect(Number(await run("rev-list", "--count", "main"))).toBe(SIZE.commits);
  const dates = (await run("log", "--reverse", "--format=%ct", "main")).split("\n").map(Number);
  expect(dates).toEqual(dates.toSorted((a, b) => a - b));
  const paths = (await run("ls-tree", "-r", "--name-only", "main")).split("\n");
  expect(paths.length).toBeGreaterThan(SIZE.files * 0.9);
  expect(paths.filter((path) => path.split("/").length > 3).length).toBeGreaterThan(paths.length / 4);
  expect(await run("tag", "--list")).toContain("v4");
  // Most old versions of a file are stored as a delta to the present one.
  const sizes = await run("cat-file", "--batch-all-objects", "--batch-check=%(objecttype) %(deltabase)");
  const blobs = sizes.split("\n").filter((line) => line.startsWith("blob"));
  expect(blobs.filter((line) => !line.endsWith("0".repeat(40))).length).toBeGreaterThan(blobs.length / 2);
});

test("its refs can be moved back a week and forth again", async () => {
  const present = await run("for-each-ref");
  const newest = Number(await run("log", "-1", "--format=%ct", "main"));
  const advance = await goBackAWeek(bare);
  const past = Number(await run("log", "-1", "--format=%ct", "main"));
  expect(newest - past).toBeGreaterThanOrEqual(7 * 24 * 3600);
  expect(Number(await run("rev-list", "--count", "main"))).toBeGreaterThan(SIZE.commits / 4);
  expect(await run("for-each-ref")).not.toBe(present);
  await advance();
  expect(await run("for-each-ref")).toBe(present);
});
