import { expect, test } from "vitest";
import { runInput } from "../../src/api/run-schemas.ts";
import { aboutOf, cloneInputOf } from "../../src/runs/about.ts";
import { planRun } from "../../src/runs/items.ts";

const HOSTS = ["github.com"];
const LONG = "n".repeat(400);
const planOf = (steps: object[]) => planRun(runInput.parse({ async: true, steps })).flat();
const cloneOf = (name: string, more: object = {}) => ({
  op: "clone",
  repo_url: `https://GitHub.com/o/${name}`,
  ...more,
});

test.each<[string, object[], object | undefined]>([
  [
    "of its first clone",
    [{ op: "workspaces" }, cloneOf("a.git", { agent_id: "ada", task_id: "t" }), cloneOf("b")],
    { repository: "github.com/o/a", agent_id: "ada", task_id: "t" },
  ],
  ["without an agent", [cloneOf("a")], { repository: "github.com/o/a" }],
  [
    "without the agent that another answer names",
    [{ op: "workspaces" }, cloneOf("a", { agent_id: "$1.agent_id" })],
    { repository: "github.com/o/a" },
  ],
  [
    "whose name is cut",
    [cloneOf(LONG, { agent_id: "ada" })],
    { repository: `github.com/o/${LONG}`.slice(0, 199).concat("…"), agent_id: "ada" },
  ],
  ["of a run without a clone", [{ op: "workspaces" }], undefined],
  ["that nobody knows before", [{ op: "workspaces" }, { ...cloneOf("a"), repo_url: "$1.repo_url" }], undefined],
])("a workspace %s", (_, steps, expected) => {
  expect(aboutOf(planOf(steps), HOSTS)).toEqual(expected);
});

test("a clone is checked but for what an answer gives it", () => {
  const [, second] = planOf([cloneOf("a"), cloneOf("b", { agent_id: "$1.branch", task_id: "t" })]);
  if (!second) throw new Error("there is no second step");
  const input = cloneInputOf(second);
  expect(input).toMatchObject({ repo_url: "https://GitHub.com/o/b", task_id: "t" });
  expect(input).not.toHaveProperty("agent_id");
});
