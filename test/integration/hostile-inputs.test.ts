import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { sendToDoors } from "../security/doors/all.ts";
import {
  hostileInputs,
  hostileTexts,
  type HostileScene,
  sendHostile,
  startHostileScene,
} from "../security/hostile-inputs.ts";
import { FEW_RUNS } from "../support/runs.ts";

let scene: HostileScene;
beforeAll(async () => {
  scene = await startHostileScene();
});
afterAll(() => scene.close());

test("any value in any field: never our failure, never run, never out of the tree (all of them: npm run test:security)", async () => {
  const some = fc.sample(fc.constantFrom(...hostileInputs(scene.listener)), FEW_RUNS * 20);
  expect(await sendHostile(scene, some)).toEqual([]);
});

test("any value at any other door: tools, messages, paths, queries, headers, the broker", async () => {
  const some = fc.sample(fc.constantFrom(...hostileTexts(scene.listener)), FEW_RUNS);
  expect((await sendToDoors(scene, some)).bad).toEqual([]);
});
