import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { apply } from "../../src/ops/apply.ts";
import { branch } from "../../src/ops/branch.ts";
import { clone } from "../../src/ops/clone.ts";
import type { Operation } from "../../src/ops/operation.ts";
import { pull } from "../../src/ops/pull.ts";
import { push } from "../../src/ops/push.ts";
import { restore } from "../../src/ops/restore.ts";
import { tag } from "../../src/ops/tag.ts";
import { killedAt, ONCE } from "./once-kills.ts";
import { clonesOf, git, Home, Seed } from "./support.ts";

interface Scene {
  readonly seed: Seed;
  readonly home: Home;
}

const begin = clonesOf(async () => {
  const seed = new Seed();
  for (const name of ["a.txt", "b.txt"]) {
    writeFileSync(join(seed.tree, name), `${name}\n`);
    seed.publish(name);
  }
  const home = new Home(`file://${seed.bare}`);
  await home.run(clone, { agent_id: "ada", task_id: "t1" });
  return { seed, home };
});

const write = ({ home }: Scene, path: string) => writeFileSync(join(home.tree, path), `${path}\n`);

async function pushed(scene: Scene): Promise<void> {
  write(scene, "first");
  await scene.home.run(push, { message: "first" });
}

function unpushed(scene: Scene): void {
  for (const name of ["1", "2"]) {
    write(scene, name);
    scene.home.git("add", "-A");
    scene.home.git("-c", "user.name=A", "-c", "user.email=a@example.com", "commit", "-qm", name);
  }
}

function moved({ seed }: Scene): void {
  writeFileSync(join(seed.tree, "theirs"), "theirs\n");
  seed.publish("theirs");
}

/** Returns a state that is equal for runs with equal effects: commits by their subjects. */
const stateOf = ({ seed, home }: Scene) =>
  [
    home.git("log", "--format=%s"),
    home.git("symbolic-ref", "HEAD"),
    home.git("status", "--porcelain"),
    home.git("for-each-ref", "--format=%(refname) %(subject) %(upstream)").replaceAll(/@[0-9a-f]{40}/g, "@id"),
    git(seed.bare, "log", "--all", "--format=%s %D"),
  ].join("\n--\n");

/** Returns an answer without object names, so that answers of equal meaning are equal. */
const told = (value: object): unknown => JSON.parse(JSON.stringify(value).replaceAll(/[0-9a-f]{40}/g, "id"));

/** Kills at every fifth git; at night, at each. */
const EACH = process.env["NIGHTLY"] === undefined ? 5 : 1;

test.each<[string, Operation, object, ((scene: Scene) => Promise<void> | void) | undefined, object?]>([
  ["a push", push, { message: "m" }, (scene) => write(scene, "new")],
  ["an amend", push, { message: "m", amend: true }, pushed],
  [
    "a push that loses a race",
    push,
    { message: "m", to: "main" },
    (scene) => {
      write(scene, "new");
      moved(scene);
    },
  ],
  // If the work was already done, the answer may have fewer members.
  ["a revert", apply, { commits: ["HEAD"], revert: true }, undefined, { head: "id" }],
  ["commits taken back", restore, { to: "HEAD~1", keep: true }, unpushed, { head: "id" }],
  ["a new branch", branch, { name: "x", create: true }, undefined],
  ["a tag that is pushed", tag, { name: "v1", push: true, message: "m" }, undefined, { tag: { name: "v1" } }],
  ["a pull", pull, {}, moved, { branch: "agent/ada/t1", ahead: 0 }],
])("%s that is killed at any git, sent again, is done once", { timeout: 300_000 }, async (...row) => {
  const [, operation, input, prepare, least] = row;
  const scenes: Scene[] = [];
  const next = async () => {
    const scene = await begin();
    scenes.push(scene);
    await prepare?.(scene);
    scene.home.once = ONCE;
    return scene;
  };
  try {
    const whole = await next();
    const value = told(await whole.home.run<typeof operation.output>(operation, input));
    const state = stateOf(whole);
    let nth = 1;
    for (; ; nth += EACH) {
      const scene = await next();
      const { home } = scene;
      const parsed = await killedAt({ when: "before", nth }, () => home.raw(operation, asked(operation, input)));
      if (parsed.exitCode === 0) break;
      const about = `killed before git ${nth}`;
      const again = told(await home.run<typeof operation.output>(operation, input));
      if (least) expect(again, about).toMatchObject(least);
      else expect(again, about).toEqual(value);
      expect(stateOf(scene), about).toBe(state);
    }
    expect(nth).toBeGreaterThan(EACH);
  } finally {
    for (const { home, seed } of scenes) {
      home.remove();
      seed.remove();
    }
  }
});

const asked = (operation: Operation, input: object) =>
  operation.input.parse({ sandbox_id: "s0-00000000000000000000", ...input });
