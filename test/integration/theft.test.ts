import { existsSync } from "node:fs";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { lootOf, springTraps } from "../security/theft/report.ts";
import { type Scene, startScene } from "../security/theft/scene.ts";
import { watchOperations } from "../security/theft/watch.ts";
import { TRAPS } from "../security/theft/ways.ts";

/** Traps in one run: each takes seconds. `npm run test:security` springs all. */
const SOME = 2;

describe.skipIf(!existsSync("/proc/self/environ"))("a thief in the sandbox", () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await startScene();
  });
  afterAll(() => scene.close());

  test("finds no credential, by watching or by traps", async () => {
    const traps = await springTraps(scene, fc.sample(fc.constantFrom(...TRAPS), SOME), SOME);
    const loot = lootOf(traps, await watchOperations(scene, "watched"));
    expect(loot).toMatchObject({ blind: [], credential: [], leases: [] });
    expect(scene.wire.credentials).toBe(0);
  });
});
