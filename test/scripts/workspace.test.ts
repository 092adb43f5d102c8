import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import * as z from "zod/v4";
import { ROOT } from "../../scripts/support/tools.ts";

const PACKAGE = "scripts/local-e2b";
const versions = z.record(z.string(), z.string());
const manifestSchema = z.object({ dependencies: versions.default({}), devDependencies: versions });

const text = (path: string) => readFile(join(ROOT, path), "utf8");

async function pinned(path: string): Promise<Record<string, string>> {
  const { dependencies, devDependencies } = manifestSchema.parse(JSON.parse(await text(path)));
  return { ...dependencies, ...devDependencies };
}

// npm would install another version a second time.
test("the sandbox host's package pins the versions that the checkout has", async () => {
  const [inside, outside] = await Promise.all([pinned(`${PACKAGE}/package.json`), pinned("package.json")]);
  expect(outside).toMatchObject(inside);
});

test("the sandbox host's package carries the license", async () => {
  expect(await text(`${PACKAGE}/LICENSE`)).toBe(await text("LICENSE"));
});
