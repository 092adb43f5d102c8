import { afterAll, beforeAll, expect, test } from "vitest";
import { inside } from "../../support/inside.ts";
import { openWorkspace, runAllOperations } from "./all-operations.ts";
import { lootOf, springTraps } from "./report.ts";
import { residueOf } from "./residue.ts";
import { finderOf, LEASE_HEAD, newToken, type Scene, startScene } from "./scene.ts";
import { watchOperations } from "./watch.ts";
import { TRAPS } from "./ways.ts";

const ENOUGH_WAYS = 20;
const LANES = 3;
const TEST_TIMEOUT_MS = 20 * 60_000;

let scene: Scene;
beforeAll(async () => {
  scene = await startScene();
});
afterAll(() => scene.close());

test("no way finds the credential while any operation runs", { timeout: TEST_TIMEOUT_MS }, async () => {
  const traps = await springTraps(scene, TRAPS, LANES);
  const watched = await watchOperations(scene, "watched");
  const loot = lootOf(traps, watched);
  const { wire } = scene;
  console.log(
    `${loot.ways} ways × ${loot.operations} operations: credential found ${loot.credential.length} times; ` +
      `leases seen by watching ${watched.lease.join(", ")}; ${wire.leases} leases and ${wire.credentials} credentials on the wire; ` +
      `programs of a trap ran for ${loot.sprung.join(", ")}`,
  );
  expect(loot.ways).toBeGreaterThanOrEqual(ENOUGH_WAYS);
  expect(loot).toMatchObject({ blind: [], credential: [], leases: [] });
  // A watcher sees a lease instead.
  expect(watched.lease).not.toEqual([]);
  expect(wire).toEqual({ credentials: 0, leases: expect.any(Number) });
  expect(wire.leases).toBeGreaterThan(0);
});

test("nothing is left of the credential or of leases", async () => {
  const planted = newToken();
  const workspace = await openWorkspace(scene, `left-${planted}`);
  await runAllOperations(scene, workspace);
  const { sandbox_id } = workspace;
  await (
    await inside(scene.stack, sandbox_id)
  ).sh(`printf '%s' ${planted} >left; sleep 1000 ${planted} 2>/dev/null >&2 &`);

  const found = await Promise.all(
    [finderOf(planted), scene.holdsToken, (text: string) => text.includes(LEASE_HEAD)].map((holds) =>
      residueOf(scene, [sandbox_id], holds),
    ),
  );
  const [control, credential, leases] = found;
  console.log(`residue: ${JSON.stringify({ control, credential, leases })}`);
  const nowhere = Object.fromEntries(Object.keys(control ?? {}).map((place) => [place, 0]));
  expect(credential).toEqual(nowhere);
  expect(leases).toEqual(nowhere);
  // The same search finds a name that callers chose.
  for (const place of ["answers", "metrics and lists", "rows", "disks", "objects", "processes"]) {
    expect([place, control?.[place]]).toEqual([place, expect.any(Number)]);
    expect([place, control?.[place] ?? 0]).not.toEqual([place, 0]);
  }
});
