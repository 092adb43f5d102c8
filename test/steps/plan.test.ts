import { describe, expect, test } from "vitest";
import { planSteps } from "../../src/steps/plan.ts";

const ID = "s0-4k7m2x9qwe3rty5zpbna";
const clone = { op: "clone", repo_url: "https://github.com/o/r" };
const write = (content: string) => ({ op: "edit", files: [{ path: "a", content }] });

describe("an escape is taken out", () => {
  test("of a step without references", () => {
    const [step] = planSteps({ sandbox_id: ID, steps: [write("$$2.head")] });
    expect(step?.checked).toMatchObject({ files: [{ content: "$2.head" }] });
  });

  test("and no other text is changed", () => {
    const steps = ["$HOME", "$$", "$$x", "$$none.head here", "$1.50", "$status.x y"].map(write);
    const planned = planSteps({ sandbox_id: ID, steps });
    expect(planned.map(({ checked }) => Object(checked).files)).toMatchObject(steps.map(({ files }) => files));
  });
});

describe("a step follows", () => {
  const followsOf = (steps: Parameters<typeof planSteps>[0]["steps"]) =>
    planSteps({ sandbox_id: ID, steps }).map(({ follows }) => follows.toSorted((a, b) => a - b));

  test("the one before in its workspace, and the clone that makes it", () => {
    expect(followsOf([clone, { op: "status" }, clone, { op: "status" }, { op: "log" }])).toEqual([
      [],
      [0],
      [],
      [2],
      [2, 3],
    ]);
  });

  test("the steps whose answers it uses, those that it names, and as a list of workspaces all", () => {
    const other = "s0-00000000000000000001";
    expect(
      followsOf([
        { op: "log" },
        { op: "log", sandbox_id: other, ref: "$1.commits.0.sha" },
        { op: "status", sandbox_id: "s0-00000000000000000002", after: [1, 2] },
        { op: "workspaces" },
      ]),
    ).toEqual([[], [0], [0, 1], [0, 1, 2]]);
  });

  test("the same workspace, by whichever reference it is named", () => {
    const [, , , second] = planSteps({
      steps: [
        clone,
        { op: "status" },
        { op: "log", sandbox_id: "$1.sandbox_id" },
        { op: "log", sandbox_id: "$clone.sandbox_id" },
      ],
    });
    expect(second?.follows).toContain(2);
  });
});
