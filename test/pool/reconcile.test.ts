import * as fc from "fast-check";
import { expect, test } from "vitest";
import { reconcile, STATES } from "../../src/pool/reconcile.ts";

const row = (sandboxId: string, e2bId: string | null, state: (typeof STATES)[number], moving = false) => ({
  sandboxId,
  e2bId,
  state,
  moving,
});

test.each([
  ["a start whose answer was lost is adopted", [row("s", null, "warming")], [["e", "s", "running"]], ["adopt"]],
  [
    "of two starts for one row one is adopted",
    [row("s", null, "warming")],
    [
      ["e", "s", "running"],
      ["f", "s", "running"],
    ],
    ["adopt", "kill"],
  ],
  ["nobody's sandbox is killed", [], [["e", "s", "running"]], ["kill"]],
  ["one without our handle is killed", [], [["e", undefined, "paused"]], ["kill"]],
  ["the sandbox of an ended workspace is killed", [row("s", "e", "gone")], [["e", "s", "running"]], ["kill"]],
  [
    "a second sandbox of a workspace is killed",
    [row("s", "e", "bound")],
    [
      ["e", "s", "running"],
      ["f", "s", "running"],
    ],
    ["kill"],
  ],
  ["E2B paused it", [row("s", "e", "bound")], [["e", "s", "paused"]], ["note_paused"]],
  ["a blank one that E2B paused is of no use", [row("s", "e", "warm")], [["e", "s", "paused"]], ["discard"]],
  ["our pause did not take", [row("s", "e", "paused")], [["e", "s", "running"]], ["pause"]],
  ["not listed: verified first", [row("s", "e", "paused")], [], ["verify"]],
  [
    "what moves is left alone",
    [row("s", null, "warming", true), row("t", "f", "bound", true)],
    [["e", "s", "running"]],
    [],
  ],
  [
    "all is well",
    [row("s", "e", "bound"), row("t", "f", "paused")],
    [
      ["e", "s", "running"],
      ["f", "t", "paused"],
    ],
    [],
  ],
] as const)("%s", (_, rows, listed, actions) => {
  const found = reconcile(
    rows,
    listed.map(([e2bId, sandboxId, state]) => ({ e2bId, sandboxId, state })),
  );
  expect(found.map(({ action }) => action)).toEqual(actions);
});

test("after the corrections every listed sandbox has one row or is killed, and nothing in use is killed", () => {
  const ids = fc.constantFrom("a", "b", "c", "d");
  const rows = fc.uniqueArray(
    fc.record({ sandboxId: ids, e2bId: fc.option(ids), state: fc.constantFrom(...STATES), moving: fc.boolean() }),
    { selector: ({ sandboxId }) => sandboxId },
  );
  const listed = fc.uniqueArray(
    fc.record({
      e2bId: ids,
      sandboxId: fc.option(ids, { nil: undefined }),
      state: fc.constantFrom("running" as const, "paused" as const),
    }),
    { selector: ({ e2bId }) => e2bId },
  );
  fc.assert(
    fc.property(rows, listed, (known, seen) => {
      const corrections = reconcile(known, seen);
      for (const sandbox of seen) {
        const owner = known.find(({ sandboxId }) => sandboxId === sandbox.sandboxId);
        const killed = corrections.some((c) => c.action === "kill" && c.e2bId === sandbox.e2bId);
        const adopted = corrections.some((c) => c.action === "adopt" && c.e2bId === sandbox.e2bId);
        const inUse = owner !== undefined && owner.state !== "gone" && owner.e2bId === sandbox.e2bId;
        if (!owner?.moving) expect(Number(killed) + Number(adopted) + Number(inUse)).toBe(1);
        else expect(killed || adopted).toBe(false);
      }
      const adoptions = corrections.flatMap((c) => (c.action === "adopt" ? [c.sandboxId] : []));
      expect(new Set(adoptions).size).toBe(adoptions.length);
    }),
  );
});
