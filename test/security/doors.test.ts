import { afterAll, beforeAll, expect, test } from "vitest";
import { sendToDoors } from "./doors/all.ts";
import { hostileTexts, type HostileScene, startHostileScene } from "./hostile-inputs.ts";

const TEST_TIMEOUT_MS = 30 * 60_000;

let scene: HostileScene;
beforeAll(async () => {
  scene = await startHostileScene();
});
afterAll(() => scene.close());

test(
  "no value at tools, messages, paths, queries, headers or the broker is our failure, or runs",
  { timeout: TEST_TIMEOUT_MS },
  async () => {
    const values = hostileTexts(scene.listener);
    const { sent, bad } = await sendToDoors(scene, values);
    console.log(`${values.length} hostile values at every door: ${sent} requests, ${bad.length} wrong`);
    expect(bad).toEqual([]);
  },
);
