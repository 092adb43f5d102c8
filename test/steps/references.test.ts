import { describe, expect, test } from "vitest";
import * as z from "zod/v4";
import { clonedSchema } from "../../src/api/schemas.ts";
import { log } from "../../src/ops/log.ts";
import { filled, MissingAnswer, referencesIn, type Referred } from "../../src/steps/references.ts";

const BEFORE: readonly Referred[] = [
  { op: "clone", answers: clonedSchema },
  { op: "log", answers: log.output },
  { op: "log", answers: log.output },
  { op: "push", answers: z.object({ commit: z.string(), maybe: z.string().optional() }) },
];
const isOperation = (name: string) => ["clone", "log", "push", "status"].includes(name);
const read = (input: object) => referencesIn(input, BEFORE, isOperation, "steps.4");
const errorsOf = (text: string) => read({ ref: text }).errors.map(({ field, detail }) => `${field}: ${detail}`);

describe("a reference", () => {
  test.each([
    ["$clone.sandbox_id", 0, "sandbox_id"],
    ["$1.head", 0, "head"],
    ["$4.commit", 3, "commit"],
    ["$2.commits.0.sha", 1, "commits.0.sha"],
    ["$4.maybe", 3, "maybe"],
  ])("%s is read anywhere in the input", (text, step, member) => {
    const found = { step, member: member.split(".") };
    expect(read({ files: [{ path: text }] }).references).toEqual([{ field: ["files", "0", "path"], ...found }]);
  });

  test.each([
    ["$5.head", "step 5 is not before this one"],
    ["$status.head", "no step before this one is 'status'"],
    ["$log.commits", "several steps before this one are 'log': use a number, as in $2"],
    ["$clone.heads", "clone answers no 'heads'"],
    ["$2.commits.first", "log answers no 'commits.first'"],
    ["$4.commit.length", "push answers no 'commit.length'"],
  ])("%s is refused before anything is run", (text, reason) => {
    expect(errorsOf(text)).toEqual([`steps.4.ref: ${reason}`]);
  });

  test.each(["$HOME", "$HOME.x", "$home.x", "a $clone.head", "$clone", "$$clone.head", "$1.", "$0.x", "$1.50", ""])(
    "%j is a text like any other",
    (text) => {
      expect(read({ ref: text })).toEqual({ references: [], errors: [] });
    },
  );
});

test("answers take the place of references, and escapes go", () => {
  const input = { a: "$4.commit", b: ["$$4.commit", "$$", { c: "$1.head" }, "$$$4.commit"], n: 1, x: "$HOME" };
  const { references } = read(input);
  const answers: Record<number, object> = { 3: { commit: "c0" }, 0: { head: "h0" } };
  expect(filled(input, references, (step) => answers[step])).toEqual({
    a: "c0",
    b: ["$4.commit", "$$", { c: "h0" }, "$$4.commit"],
    n: 1,
    x: "$HOME",
  });
  expect(() => filled({ a: "$4.maybe" }, read({ a: "$4.maybe" }).references, () => ({ commit: "c0" }))).toThrow(
    MissingAnswer,
  );
});
