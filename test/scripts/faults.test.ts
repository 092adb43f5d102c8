import { expect, test } from "vitest";
import { brokenRules } from "../../scripts/faults/rules.ts";
import type { Observed, State, Told } from "../../scripts/faults/rules.ts";
import { withTable } from "../../scripts/faults/table.ts";

const OK: Told = { code: "ok", retryable: false };
const failed = (told: Partial<Told> = {}): Told => ({
  code: "sandbox_unavailable",
  retryable: true,
  work: { pushed: false, tree: "unknown" },
  ...told,
});
const state = (told: Partial<State> = {}): State => ({
  isToldLost: false,
  hasEarlierEdit: true,
  edited: 0,
  isWhole: true,
  isCurrent: true,
  commits: [],
  pushed: [],
  workspaces: 1,
  ...told,
});
const observed = (seen: Partial<Observed> = {}): Observed => ({
  operation: "pull",
  expected: ["sandbox_unavailable"],
  first: failed(),
  between: state(),
  again: OK,
  after: state(),
  ...seen,
});
const LOST = state({ isToldLost: true, hasEarlierEdit: false });
const PUSHED = state({ commits: ["c1"], pushed: ["c1"] });
const EDITED = state({ edited: 2 });

const GONE = failed({ code: "workspace_gone", retryable: false });
const UNKNOWN = failed({ work: { pushed: "unknown", tree: "unknown" } });

test.each<[string, Partial<Observed>]>([
  ["an error, then success", {}],
  ["no answer", { expected: ["no answer"], first: { code: "no answer", retryable: true } }],
  ["a push that arrived", { operation: "push", first: UNKNOWN, between: PUSHED, after: PUSHED }],
  ["an edit that was done", { operation: "edit", between: EDITED, after: EDITED }],
  ["a loss that is told", { expected: ["workspace_gone"], first: GONE, again: GONE, between: LOST, after: LOST }],
  ["what restore discards", { operation: "restore", after: state({ hasEarlierEdit: false }) }],
])("%s breaks no rule", (_, seen) => {
  expect(brokenRules(observed(seen))).toEqual([]);
});

test.each<[string, Partial<Observed>]>([
  ["the fault does not explain internal", { first: failed({ code: "internal", retryable: false }) }],
  ["sandbox_unavailable does not tell of the work", { first: failed({ work: undefined }) }],
  ["what pushes nothing says unknown", { first: UNKNOWN }],
  ["the same call after the fault answers invalid_input", { again: failed({ code: "invalid_input" }) }],
  [
    "the fault has ended, and the call answers invalid_input",
    { first: failed({ retryable: false }), again: failed({ code: "invalid_input", retryable: false }) },
  ],
  ["an acknowledged edit is lost, and nobody says so", { after: state({ hasEarlierEdit: false }) }],
  ["the tree is half edited", { between: state({ edited: 1 }) }],
  ["the tree is not whole", { after: state({ isWhole: false }) }],
  ["the commit is doubled", { after: state({ commits: ["c1", "c2"] }) }],
  ["the commit is doubled", { after: state({ pushed: ["c1", "c2"] }) }],
  ["the workspace is doubled", { after: state({ workspaces: 2 }) }],
  ["the second call went well, and did not bring the newest commit", { after: state({ isCurrent: false }) }],
  ["the edit that the second call acknowledged is not there", { operation: "edit" }],
  ["the commit that the second call acknowledged is not at the remote", { operation: "push" }],
  ["the commit that was acknowledged is not at the remote", { operation: "push", first: OK, after: PUSHED }],
  ["the edit that was acknowledged is not there", { operation: "edit", first: OK, after: EDITED }],
  ["a commit told not pushed is at the remote", { operation: "push", between: PUSHED, after: PUSHED }],
  [
    "a commit told pushed is not at the remote",
    { operation: "push", first: failed({ work: { pushed: true, tree: "unknown" } }), after: PUSHED },
  ],
  [
    "the tree is told unchanged, and is edited",
    {
      operation: "edit",
      first: failed({ work: { pushed: false, tree: "unchanged" } }),
      between: EDITED,
      after: EDITED,
    },
  ],
  [
    "the commit that was told made is nowhere",
    {
      operation: "push",
      first: failed({ work: { committed: "c0", pushed: false, tree: "unchanged" } }),
      after: PUSHED,
    },
  ],
])("%s", (rule, seen) => {
  expect(brokenRules(observed(seen))).toEqual([rule]);
});

test("the table goes between its markers, and nowhere else", () => {
  const page = "head\n<!-- npm run test:faults -- --write -->\nold\n<!-- end of the table -->\ntail\n";
  const written = withTable(page, "| new |");
  expect(written).toBe("head\n<!-- npm run test:faults -- --write -->\n\n| new |\n\n<!-- end of the table -->\ntail\n");
  expect(withTable(written, "| new |")).toBe(written);
  expect(() => withTable("no markers", "")).toThrow("the page has no");
});
