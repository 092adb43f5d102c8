import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { RefCommand } from "../../src/broker/commands.ts";
import { asksDefault, type RefRule, verdictsOf } from "../../src/broker/rules.ts";
import { NONE, oid } from "./support.ts";

const update = (ref: string): RefCommand => ({ ref, old: oid("1"), new: oid("2") });
const creation = (ref: string): RefCommand => ({ ref, old: NONE, new: oid("2") });
const deletion = (ref: string): RefCommand => ({ ref, old: oid("1"), new: NONE });

const TO_X: RefRule[] = [{ ref: "refs/heads/x", may: "write" }];
const OWN_TAG: RefRule[] = [{ ref: "refs/tags/v1", may: "create" }];
const DELETE_X: RefRule[] = [{ ref: "refs/heads/x", may: "delete" }];
const UNNAMED: RefRule[] = [
  { ref: "refs/heads/agent/*", may: "write" },
  { ref: "refs/heads/*", may: "write", notDefault: true },
];

const reasons = (command: RefCommand, rules: readonly RefRule[], defaultBranch?: string | null) =>
  verdictsOf({ commands: [command] }, { rules, defaultBranch }).flatMap((verdict) => verdict.reasons);

describe("the rules", () => {
  test.each<[string, RefCommand, readonly RefRule[]]>([
    ["a new branch that is named", creation("refs/heads/x"), TO_X],
    ["a branch that is named", update("refs/heads/x"), TO_X],
    ["a new tag", creation("refs/tags/v1"), OWN_TAG],
    ["the deletion of a branch", deletion("refs/heads/x"), DELETE_X],
    ["an agent's branch", update("refs/heads/agent/ada/t1"), UNNAMED],
    ["another branch", update("refs/heads/feature"), UNNAMED],
  ])("allow %s", (_, command, rules) => {
    expect(reasons(command, rules, "main")).toEqual([]);
  });

  test.each<[string, RefCommand, readonly RefRule[], string]>([
    ["another branch", update("refs/heads/y"), TO_X, "may change only refs/heads/x"],
    ["a branch below", creation("refs/heads/x/y"), TO_X, "may change only refs/heads/x"],
    ["a tag of the same name", creation("refs/tags/x"), TO_X, "may change only refs/heads/x"],
    ["another namespace", creation("refs/pull/1/head"), UNNAMED, "may change only refs/heads/agent/*, refs/heads/*"],
    ["a deletion", deletion("refs/heads/x"), TO_X, "may not delete it"],
    ["the deletion of an agent's branch", deletion("refs/heads/agent/b/t"), UNNAMED, "may not delete it"],
    ["a deletion of nothing", { ref: "refs/heads/x", old: NONE, new: NONE }, DELETE_X, "may not delete it"],
    ["a tag that is there", update("refs/tags/v1"), OWN_TAG, "tags are never moved"],
    ["the deletion of a tag", deletion("refs/tags/v1"), OWN_TAG, "may not delete it"],
    ["an update where a deletion is allowed", update("refs/heads/x"), DELETE_X, "may only delete it"],
    ["the default branch", update("refs/heads/main"), UNNAMED, 'push {to: "main"}'],
    [
      "the default branch, though named, where the policy keeps it from every push",
      update("refs/heads/main"),
      [{ ref: "refs/heads/main", may: "write", notDefault: true }],
      "push to another branch",
    ],
    ["anything, without a rule", update("refs/heads/x"), [], "may change only"],
  ])("refuse %s, and say the way out", (_, command, rules, words) => {
    expect(reasons(command, rules, "main")).toEqual([expect.stringContaining(words)]);
  });

  test("refuse what may be the default branch where the host does not tell; without commits there is none", () => {
    expect(reasons(update("refs/heads/dev"), UNNAMED)).toEqual([expect.stringContaining('push {to: "dev"}')]);
    expect(reasons(creation("refs/heads/main"), UNNAMED, null)).toEqual([]);
  });

  test("need the default branch only where a verdict depends on it", () => {
    expect(asksDefault([update("refs/heads/feature")], UNNAMED)).toBe(true);
    expect(asksDefault([update("refs/heads/agent/ada/t1")], UNNAMED)).toBe(false);
    expect(asksDefault([deletion("refs/heads/feature")], UNNAMED)).toBe(false);
    expect(asksDefault([update("refs/heads/main")], [{ ref: "refs/heads/main", may: "write" }])).toBe(false);
  });

  test("give every reason of every ref at once", () => {
    const commands = [deletion("refs/heads/x"), update("refs/heads/x"), creation("refs/heads/y")];
    const verdicts = verdictsOf({ commands, hasOptions: true }, { rules: TO_X });
    expect(verdicts.map((verdict) => verdict.reasons.length)).toEqual([3, 2, 2]);
  });

  test("a push is allowed only if each ref is one of the rules', and done as it says", () => {
    const name = fc.constantFrom("refs/heads/x", "refs/heads/x/y", "refs/heads/agent/a", "refs/tags/v1", "refs/x");
    const id = fc.constantFrom(NONE, oid("1"), oid("2"));
    const anyRule = fc.record({
      ref: fc.constantFrom("refs/heads/x", "refs/heads/*", "refs/heads/agent/*", "refs/tags/v1", "refs/tags/*"),
      may: fc.constantFrom("write" as const, "create" as const, "delete" as const),
    });
    const command = fc.record({ ref: name, old: id, new: id });
    fc.assert(
      fc.property(fc.array(command, { minLength: 1 }), fc.array(anyRule), (commands, rules) => {
        const verdicts = verdictsOf({ commands }, { rules, defaultBranch: "main" });
        for (const [index, { ref, old, new: next }] of commands.entries()) {
          const ways = next === NONE ? ["delete"] : old === NONE ? ["write", "create"] : ["write"];
          const isNamed = (rule: string) => rule === ref || (rule.endsWith("/*") && ref.startsWith(rule.slice(0, -1)));
          const fits = rules.some((each) => ways.includes(each.may) && isNamed(each.ref));
          const isTwice = commands.filter((other) => other.ref === ref).length > 1;
          const isNothing = old === NONE && next === NONE;
          expect(verdicts[index]?.reasons.length === 0).toBe(fits && !isTwice && !isNothing);
        }
      }),
    );
  });
});
