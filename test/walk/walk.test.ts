import { expect, test } from "vitest";
import { runWalks } from "./run.ts";

const STEPS = process.env["NIGHTLY"] === undefined ? 300 : 20_000;

test(`${STEPS} random steps of agents and a person are as promised`, async () => {
  const { failures, tally } = await runWalks({ seed: 1, steps: STEPS, say: console.log });
  expect(
    failures.map(({ rule, operation, detail, trace }) => [`${rule} in ${operation}: ${detail}`, ...trace].join("\n")),
  ).toEqual([]);
  expect(tally.steps).toBeGreaterThanOrEqual(STEPS);
});
