import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import * as z from "zod/v4";
import { ROOT } from "../../scripts/support/tools.ts";

const PACKAGES = ["scripts/local-e2b", "client"];
const versions = z.record(z.string(), z.string());
const manifestSchema = z.object({ dependencies: versions.default({}), devDependencies: versions.default({}) });

const versionSchema = z.object({ version: z.string() });

const text = (path: string) => readFile(join(ROOT, path), "utf8");

async function pinned(path: string): Promise<Record<string, string>> {
  const { dependencies, devDependencies } = manifestSchema.parse(JSON.parse(await text(path)));
  return { ...dependencies, ...devDependencies };
}

// With another version in a package, npm would install it a second time.
test.each(PACKAGES)("the package %s pins the versions that the checkout has", async (folder) => {
  const [inside, outside] = await Promise.all([pinned(`${folder}/package.json`), pinned("package.json")]);
  expect(outside).toMatchObject(inside);
});

test.each(PACKAGES)("the package %s carries the license and the version of the checkout", async (folder) => {
  expect(await text(`${folder}/LICENSE`)).toBe(await text("LICENSE"));
  const [inside, outside] = [await text(`${folder}/package.json`), await text("package.json")].map(
    (manifest) => versionSchema.parse(JSON.parse(manifest)).version,
  );
  expect(inside).toBe(outside);
});

test("the client needs no other package", async () => {
  expect(await pinned("client/package.json")).toEqual({});
});
