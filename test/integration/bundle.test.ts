import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { bundleWorker } from "../../scripts/support/bundle.ts";

/** A third of what the free plan allows. */
const MOST_BYTES = 1_000_000;

test("the Worker is below 1 MB compressed, its pages included", async () => {
  const { folder, modules } = await bundleWorker();
  const sizes = modules.map(async ({ name }) => gzipSync(await readFile(join(folder, name))).length);
  const total = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
  expect(total).toBeGreaterThan(100_000);
  expect(total).toBeLessThan(MOST_BYTES);
});
