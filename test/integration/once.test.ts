import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { CutOffScene } from "./cut-off-scene.ts";

let scene: CutOffScene;
let branch = 0;
beforeAll(async () => {
  scene = await CutOffScene.open();
});
afterAll(() => scene.close());

beforeEach(async () => {
  scene.once = undefined;
  expect(await scene.run("clone", {})).toMatchObject({ ok: true });
  expect(await scene.run("branch", { name: `b${++branch}`, create: true, from: "main" })).toMatchObject({ ok: true });
  await scene.shell("echo n=1 >repo/n.txt");
  scene.once = branch.toString(16).padStart(32, "0");
});

const grow = { files: [{ path: "n.txt", old: "n=1", new: "n=11" }] };
const number = () => scene.shell("cat repo/n.txt");
const subjects = () => scene.atRemote("log", "--format=%s", `main..b${branch}`).split("\n");

/** Loses the Worker: the stream of the first try ends, and its process continues. */
const loseStream = () => scene.host.faults.set({ cutStreams: { count: 1, afterEvents: 1 } });

test("an edit whose Worker was lost is made once", async () => {
  loseStream();
  expect(await scene.run("edit", grow)).toMatchObject({ ok: false });
  expect(await scene.run("edit", grow)).toMatchObject({ ok: true, value: { changed: [{ path: "n.txt" }] } });
  expect(await number()).toBe("n=11");
});

test("a push whose Worker was lost is done once, and answered as pushed", async () => {
  loseStream();
  expect(await scene.run("push", { message: "mine" })).toMatchObject({ ok: false });
  const again = await scene.run("push", { message: "mine" });
  expect(again).toMatchObject({ ok: true, value: { committed: true, pushed: true } });
  expect(subjects()).toEqual(["mine"]);
  expect(await scene.shell("cd repo && git rev-list --count main..HEAD")).toBe("1");
});

test("a revert whose Worker was lost is done once", async () => {
  await scene.shell("rm repo/n.txt");
  loseStream();
  const revert = { commits: ["HEAD"], revert: true };
  expect(await scene.run("apply", revert)).toMatchObject({ ok: false });
  expect(await scene.run("apply", revert)).toMatchObject({ ok: true, value: { applied: [{}] } });
  expect(await scene.shell("cd repo && git rev-list --count main..HEAD")).toBe("1");
});

test.each([20, 60, 120, 200, 300, 450])(
  "a push that is killed by its deadline after %i ms is done once",
  async (ms) => {
    const cut = await scene.run("push", { message: "mine" }, ms);
    const again = await scene.run("push", { message: "mine" });
    expect(again, JSON.stringify(cut)).toMatchObject({ ok: true, value: { committed: true, pushed: true } });
    expect(subjects()).toEqual(["mine"]);
    await expect.poll(() => scene.left()).toBe("");
  },
);
