import { expect, test } from "vitest";
import * as z from "zod/v4";
import { clone } from "../../src/ops/clone.ts";
import { operationNamed } from "../../src/ops/registry.ts";
import { planSteps, stepsInput, stepsOrRun } from "../../src/steps/plan.ts";
import { SKILL_FILES, skills } from "../../src/mcp/skill.ts";

/** The calls in the pages, each on its own line. */
const CALLS = Object.entries(SKILL_FILES).flatMap(([file, text]) =>
  [...text.matchAll(/^ *git_(\w+) (\{.*\})$/gm)].map(([, name = "", input = ""]) => ({ file, name, input })),
);

test.each(CALLS)("$file: git_$name $input is a valid call", ({ name, input }) => {
  const given = z.record(z.string(), z.unknown()).parse(JSON.parse(input));
  if (name === "run") {
    const { run, ...steps } = stepsOrRun.parse(given);
    if (run === undefined) planSteps(stepsInput.parse(steps));
    else expect(steps).toEqual({});
  } else if (name === clone.name) clone.input.parse(given);
  else {
    const operation = operationNamed(name);
    expect(operation?.input.safeParse(given)).toMatchObject({ success: true });
  }
});

test("the pages show every tool", () => {
  expect(new Set(CALLS.map(({ name }) => name))).toEqual(
    new Set(["clone", "run", "edit", "diff", "push", "pull", "status", "read"]),
  );
});

test("every page is led to by the first one, and is there", () => {
  const links = [...(SKILL_FILES["SKILL.md"] ?? "").matchAll(/\]\((.*?)\)/g)].map(([, path]) => path);
  expect([...links, "SKILL.md"].toSorted()).toEqual(Object.keys(SKILL_FILES).toSorted());
});

test("it is one skill, whose name and description a client lists", async () => {
  const { entries } = await skills();
  expect(entries).toMatchObject([{ uri: "skill://warmtree/SKILL.md", frontmatter: { name: "warmtree" } }]);
});
