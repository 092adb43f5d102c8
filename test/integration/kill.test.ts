import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { KillScene } from "./kill-scene.ts";

/** A few in every run; at night and by `npm run test:kill`, the numbers that the docs name. */
const FORM =
  process.env["NIGHTLY"] === undefined
    ? { runs: 5, kills: 1, cuts: 50, apartMs: 0, maxKillApartMs: 1_500, timeoutMs: 120_000 }
    : // An instance counts as lost after 25 s: kills come before, during and after its successor's work.
      { runs: 50, kills: 25, cuts: 1000, apartMs: 9_000, maxKillApartMs: 35_000, timeoutMs: 1_800_000 };

let scene: KillScene;
beforeAll(async () => {
  scene = await KillScene.open();
});
afterAll(() => scene.close());

test(
  "runs end right however often the Worker is killed, and each commit is in the remote once",
  { timeout: FORM.timeoutMs },
  async () => {
    const killed = scene.kill(FORM.kills, FORM.maxKillApartMs);
    const done = await Promise.all(
      Array.from({ length: FORM.runs }, async (_, nth) => {
        await sleep(nth * FORM.apartMs);
        const url = await scene.start(nth);
        return { url, followed: await scene.follow(url), run: await scene.ended(url) };
      }),
    );
    await killed;
    const runs = done.map(({ run }) => run);

    expect(runs.map(({ status, steps }) => [status, steps?.find(({ error }) => error)])).toEqual(
      runs.map(() => ["done", undefined]),
    );
    const inRemote = scene.inRemote();
    const intended = runs.flatMap((_, nth) => scene.subjectsOf(nth));
    expect(intended.map((subject) => [subject, inRemote.get(subject)])).toEqual(
      intended.map((subject) => [subject, 1]),
    );

    for (const { ids } of done.map((one) => one.followed)) expect(ids).toEqual(ids.map((_, at) => at + 1));
    // The runs have ended, but their events are kept: a late client gets all of them.
    let cuts = done.reduce((sum, { followed }) => sum + followed.cuts, 0);
    for (let nth = 0; cuts < FORM.cuts; nth++) {
      const again = await scene.follow(done[nth % done.length]?.url ?? "");
      expect(again.ids).toEqual(again.ids.map((_, at) => at + 1));
      cuts += again.cuts;
    }
    // A refused delivery is retried after five seconds.
    await expect.poll(() => runs.filter(({ run }) => !scene.ends.has(run))).toEqual([]);
    expect(scene.forged).toEqual([]);
    const requests = [...scene.ends.values()].reduce((sum, number) => sum + number, 0);
    const tries = runs.flatMap(({ steps = [] }) => steps.map((step) => step.tries));
    const repeated = tries.filter((number) => number > 1).length;
    console.log(
      `${FORM.runs} runs, ${FORM.kills} kills: ${intended.length} commits in the remote once each; ` +
        `${repeated} of ${tries.length} steps were begun more than once; ${cuts} streams cut, 0 events lost, 0 doubled; ` +
        `${requests} requests told the ends, all signed`,
    );
  },
);
