import { expect, test } from "vitest";
import { generate, STEPS_A_WALK } from "./generate.ts";
import { shrink } from "./shrink.ts";
import { walkSchema, type Step, type Walk } from "./steps.ts";

const step = (message: string): Step => ({ by: "agent", workspace: 0, operation: "push", body: { message } });
const walk = (...messages: string[]): Walk => ({ format: "sha1", empty: false, steps: messages.map(step) });
const messages = ({ steps }: Walk) => steps.map((one) => ("body" in one ? one.body["message"] : undefined));

test("only the steps that it takes to fail are left, in their order", async () => {
  const long = walk(...Array.from("abcdefghijklmnopqrstuvwxyz"));
  const least = await shrink(long, async (one) => ["c", "q", "z"].every((each) => messages(one).includes(each)));
  expect(messages(least)).toEqual(["c", "q", "z"]);
});

test("a walk of which every step is needed stays, and no more are played than may be", async () => {
  let played = 0;
  const fails = async () => {
    played += 1;
    return false;
  };
  expect(await shrink(walk("a", "b", "c"), fails, 4)).toEqual(walk("a", "b", "c"));
  expect(played).toBe(4);
});

test("a seed gives the same walk each time, as data; another seed another", () => {
  expect(generate(7)).toEqual(generate(7));
  expect(generate(7)).not.toEqual(generate(8));
  expect(generate(7).steps.length).toBeGreaterThanOrEqual(STEPS_A_WALK);
  expect(walkSchema.parse(JSON.parse(JSON.stringify(generate(7))))).toEqual(generate(7));
});
