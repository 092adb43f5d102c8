import { describe, expect, test } from "vitest";
import { runInput } from "../../src/api/run-schemas.ts";
import { WarmtreeError } from "../../src/errors.ts";
import { planItem, planRun } from "../../src/runs/items.ts";

const CLONE = { op: "clone", repo_url: "$item.url", agent_id: "fleet", task_id: "$item.name" };
const EDIT = { op: "edit", files: [{ path: "a.txt", content: "$item.text" }] };
const runOf = (steps: object[], for_each: object[]) => runInput.parse({ async: true, steps, for_each });

const ITEMS = [
  { url: "https://github.com/o/a", name: "a", text: "plain" },
  { url: "https://github.com/o/b", name: "b", text: "$clone.head" },
  { url: "https://github.com/o/c", name: "c", text: "$$1.head" },
];

function refusalOf(steps: object[], for_each: object[]): string {
  try {
    planRun(runOf(steps, for_each));
    return "none";
  } catch (error) {
    if (error instanceof WarmtreeError) return error.message;
    throw error;
  }
}

describe("the items of a run", () => {
  test("are each the same steps with texts of their own", () => {
    const plans = planRun(runOf([CLONE, EDIT], ITEMS));
    expect(plans.map(([clone]) => clone?.input)).toMatchObject(
      ITEMS.map(({ url, name }) => ({ repo_url: url, task_id: name })),
    );
    expect(planItem(runOf([CLONE, EDIT], ITEMS), 2)).toEqual(plans[1]);
  });

  test("have texts that are no references, whatever they look like", () => {
    const plans = planRun(runOf([CLONE, EDIT], ITEMS));
    // The only reference is the one to its workspace.
    expect(plans.map(([, edit]) => edit?.references.length)).toEqual([1, 1, 1]);
    expect(plans.map(([, edit]) => edit?.input)).toMatchObject([
      { files: [{ content: "plain" }] },
      { files: [{ content: "$$clone.head" }] },
      { files: [{ content: "$$$1.head" }] },
    ]);
  });

  test.each([
    [
      "a name that an item lacks",
      [CLONE],
      [{ url: "https://github.com/o/a" }],
      "there is no 'name' in for_each (item 1)",
    ],
    [
      "a name inside a longer text",
      [CLONE, { op: "push", message: "for $item.name" }],
      ITEMS.slice(0, 1),
      "has $item.name inside a longer text",
    ],
    [
      "more steps than a run may have",
      Array.from({ length: 50 }, () => CLONE),
      Array.from({ length: 101 }, () => ITEMS[0] ?? {}),
      "more than 5000 steps",
    ],
  ])("are refused with %s", (_, steps, items, words) => {
    expect(refusalOf(steps, items)).toContain(words);
  });

  test("may hold text that only looks like an item's", () => {
    const edit = { op: "edit", files: [{ path: "a.php", content: "echo $item.price; // $$item.name" }] };
    expect(refusalOf([CLONE, edit], ITEMS.slice(0, 1))).toContain("inside a longer text");
    expect(refusalOf([CLONE, { ...edit, files: [{ path: "a.php", content: "echo $item.price;" }] }], ITEMS)).toBe(
      "none",
    );
  });
});
