import { afterAll, beforeAll, expect, test } from "vitest";
import { injections } from "./families.ts";
import { hostileInputs, type HostileScene, sendHostile, startHostileScene } from "./hostile-inputs.ts";

const ENOUGH_VALUES = 500;
const TEST_TIMEOUT_MS = 30 * 60_000;

let scene: HostileScene;
beforeAll(async () => {
  scene = await startHostileScene();
});
afterAll(() => scene.close());

test(
  "no value in any field of any operation is our failure, runs, or leads out of the tree",
  { timeout: TEST_TIMEOUT_MS },
  async () => {
    const values = injections(scene.listener.url).length;
    expect(values).toBeGreaterThanOrEqual(ENOUGH_VALUES);
    const inputs = hostileInputs(scene.listener);
    const fields = new Set(inputs.map(({ field }) => field)).size;
    console.log(`${inputs.length} inputs of ${fields} fields; ${values} injections`);
    expect(await sendHostile(scene, inputs)).toEqual([]);
    console.log(`${inputs.length} hostile inputs: none a 5xx, none ran, none led out of the tree`);
  },
);
