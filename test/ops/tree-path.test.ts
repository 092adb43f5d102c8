import * as fc from "fast-check";
import { expect, test } from "vitest";
import type * as z from "zod/v4";
import { filePath, folderPath, scopePath, treePath } from "../../src/ops/tree-path.ts";

const name = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 8 })
  .filter((text) => treePath.safeParse(text).data === text);
const parts = fc.array(name, { minLength: 1, maxLength: 4 });
/** Separators between two names, before the first and after the last, which have no meaning. */
const between = fc.constantFrom("/", "//", "/./", "/.//./");
const before = fc.constantFrom("", "/", "./", "//", "/./");
const after = fc.constantFrom("", "/", "/.", "//");

const messageOf = (schema: z.ZodType, path: string) => schema.safeParse(path).error?.issues[0]?.message;

test("every spelling of a path is the path, and a path is itself", () => {
  fc.assert(
    fc.property(
      parts,
      fc.array(between, { minLength: 4, maxLength: 4 }),
      before,
      after,
      (names, joints, first, last) => {
        const path = names.join("/");
        const spelled = first + names.reduce((text, part, at) => text + (joints[at - 1] ?? "/") + part) + last;
        for (const schema of [treePath, folderPath, scopePath]) {
          expect(schema.parse(spelled)).toBe(path);
          expect(schema.parse(path)).toBe(path);
        }
        expect(filePath.safeParse(spelled).data).toBe(/\/\.?$/.test(last) ? undefined : path);
      },
    ),
  );
});

test("nothing leads out of the tree or into git's folder, however it is spelled", () => {
  const bad = fc.constantFrom("..", ".git", ".GIT", "git~1", ".git ", "a\0b", "x".repeat(256));
  fc.assert(
    fc.property(parts, bad, between, before, after, (names, wrong, joint, first, last) => {
      const path = first + [...names, wrong].join(joint) + last;
      for (const schema of [treePath, folderPath, filePath]) {
        expect(messageOf(schema, path)).toMatch(/^is not a path inside the working tree: /);
      }
    }),
  );
});

test.each(["", "/", ".", "./", "//", "/./"])("'%s' is the root folder", (path) => {
  expect(folderPath.parse(path)).toBe("");
  expect(scopePath.parse(path)).toBeUndefined();
  expect(messageOf(treePath, path)).toBe("is the root folder; name a file or folder in it");
});

test.each([
  ["src/../a.txt", "'..' is not taken; write 'a.txt'"],
  ["src/..", "'..' is not taken; write '.'"],
  ["../a.txt", "'..' leads out of it"],
  ["a/../../b", "'..' leads out of it"],
  ["a/.git/config", ".git is git's own folder"],
])("%s is refused with its rule, and the path that is meant", (path, rule) => {
  expect(messageOf(treePath, path)).toContain(rule);
});

test("a file to write is no folder", () => {
  expect(messageOf(filePath, "docs/")).toContain("'docs' or 'docs/…'");
});
