import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { probeAfterResume, probeBeforePause } from "../../src/ops/probes/tree-state.ts";
import type { Parsed } from "../../src/ops/output/script-output.ts";
import { CutOffScene } from "./cut-off-scene.ts";

/** Ten in every run, a hundred at night and by `npm run test:cut-off`. */
const CUT = process.env["NIGHTLY"] === undefined ? 10 : 100;
/** Time within which most operations end: those that talk to the remote, and the others. */
const MOMENTS_MS = { remote: 1000, local: 200 };

let scene: CutOffScene;
beforeAll(async () => {
  scene = await CutOffScene.open();
});
afterAll(() => scene.close());

/** Error codes that an unfinished workspace may answer: they are no failures of the product. */
const EXPECTED = ["not_cloned", "dirty_tree", "conflict", "invalid_input", "workspace_busy"];

const trial = fc.record({
  operation: fc.constantFrom("edit", "push", "push", "pull", "clone", "branch", "restore", "status"),
  how: fc.constantFrom("deadline", "deadline", "SIGNAL_SIGKILL", "SIGNAL_SIGTERM", "stream"),
  moment: fc.noBias(fc.integer({ min: 0, max: 100 })),
  named: fc.boolean(),
  next: fc.constantFrom("edit", "status", "restore", "branch", "pull", "pause"),
});
type Trial = typeof trial extends fc.Arbitrary<infer Value> ? Value : never;

const inputOf = (operation: string, nth: number): object => {
  const files = Array.from({ length: 20 }, (_, n) => ({ path: `mine/${n}.txt`, content: `${nth} ${n}\n` }));
  const inputs: Record<string, object> = {
    edit: { files },
    push: { message: `change ${nth}`, files: [] },
    branch: { name: `other-${nth}`, create: true },
    restore: { all: true },
  };
  return inputs[operation] ?? {};
};

/** Runs an operation and cuts it off. */
async function cutOff({ operation, how, moment }: Trial, nth: number): Promise<Parsed<object>> {
  const withinMs = ["push", "pull", "clone"].includes(operation) ? MOMENTS_MS.remote : MOMENTS_MS.local;
  const afterMs = 1 + Math.round((moment / 100) * withinMs);
  if (how === "deadline") return scene.run(operation, inputOf(operation, nth), afterMs);
  if (how === "stream") {
    scene.host.faults.set({ cutStreams: { count: 1, afterEvents: 1 } });
    return scene.run(operation, inputOf(operation, nth));
  }
  const running = scene.run(operation, inputOf(operation, nth));
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  await scene.signal(how);
  return running;
}

async function goOn({ next }: Trial, nth: number): Promise<void> {
  if (next === "pause") {
    expect(await scene.perform(probeBeforePause, undefined)).toMatchObject({ ok: true });
    await scene.perform(probeAfterResume, { head: "" });
    return;
  }
  const went = await scene.run(next, inputOf(next, nth + 0.5));
  if (!went.ok) expect(EXPECTED).toContain(went.error.code);
}

const pushedTo = () =>
  scene.atRemote("for-each-ref", "--format=%(refname) %(objectname)", "refs/heads/agent", "refs/heads/other-*");

/** Prepares a workspace with a change, and a new commit at the remote. */
async function prepare({ operation }: Trial, nth: number): Promise<void> {
  const moved = scene.commit(`theirs ${nth}`);
  scene.atRemote("update-ref", "refs/heads/main", moved);
  if (operation === "clone") await scene.shell("rm -rf repo");
  else {
    expect(await scene.run("clone", {})).toMatchObject({ ok: true });
    expect(await scene.run("restore", inputOf("restore", nth))).toMatchObject({ ok: true });
    if (operation !== "pull") expect(await scene.run("edit", inputOf("edit", nth))).toMatchObject({ ok: true });
  }
  await expect.poll(() => scene.left()).toBe("");
}

async function tryOut(each: Trial, nth: number): Promise<void> {
  const about = JSON.stringify(each);
  await prepare(each, nth);
  const before = pushedTo();
  scene.once = each.named ? nth.toString(16).padStart(32, "0") : undefined;
  const cut = await cutOff(each, nth);
  scene.once = undefined;
  await goOn(each, nth);
  await expect.poll(() => scene.left(), { message: about }).toBe("");
  const pushed = cut.ok ? undefined : cut.error.details.work?.pushed;
  if (pushed === false) expect(pushedTo(), about).toBe(before);
  if (pushed === true) expect(pushedTo(), about).not.toBe(before);
  expect(await scene.shell("if [ -e repo ]; then git -C repo fsck --no-dangling --no-progress; fi"), about).toBe("");
  expect(await scene.shell("grep '^at work' told || :"), about).toBe("");
  // Operations that only look leave lock files alone.
  const isChange = each.next !== "status" && each.next !== "pause";
  // Under the lock: the index may be written again in the background at this moment.
  const locks = "flock .warmtree/lock find repo/.git -name '*.lock' 2>/dev/null || :";
  if (isChange) expect(await scene.shell(locks), about).toBe("");
}

test("what is cut off leaves nothing at work, and nothing of it comes later", { timeout: 600_000 }, async () => {
  expect(await scene.run("clone", {})).toMatchObject({ ok: true });
  for (const [nth, each] of fc.sample(trial, CUT).entries()) await tryOut(each, nth);
  if (scene.host.isolation === "namespaces") expect(await scene.shell("head -n 1 told")).toBe("asked");
});
