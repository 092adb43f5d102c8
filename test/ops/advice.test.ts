import { DEFAULT_POLICY } from "../../src/policy/policy.ts";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { clone } from "../../src/ops/clone.ts";
import { operationNamed } from "../../src/ops/registry.ts";
import type { Seed } from "./support.ts";
import { cloneForEach, git, Home } from "./support.ts";

/** Returns the calls that an error names in the form `pull {rebase: false, from: "main"}`. */
function callsIn(message: string): { readonly op: string; readonly input: Record<string, unknown> }[] {
  return Array.from(message.matchAll(/\b(pull|push|restore|branch|apply) \{([^}]*)\}/g), ([, op = "", text = ""]) => ({
    op,
    // A name without a value: the caller fills it in.
    input: JSON.parse(
      `{${text.replaceAll(/(\w+)(: )?(?=[^"]*(?:"[^"]*"[^"]*)*$)/g, (all, name, colon) => (colon ? `"${name}": ` : /^(?:true|false|\d+)$/.test(name) ? all : `"${name}": null`))}}`,
    ),
  }));
}

let seed: Seed;
let home: Home;

cloneForEach(
  (origin) => {
    writeFileSync(join(origin.tree, "a.txt"), "one\n");
    origin.publish("first");
  },
  { agent_id: "ada", task_id: "t1" },
  (made) => ({ seed, home } = made),
);

const write = (name: string, text: string) => writeFileSync(join(home.tree, name), text);

async function call(op: string, input: object = {}) {
  const operation = operationNamed(op);
  if (!operation) throw new Error(`no operation ${op}`);
  return home.answer(operation, input);
}

/** Returns the message of a call that fails. */
async function refusal(op: string, input: object = {}): Promise<string> {
  const answer = await call(op, input);
  if (answer.ok) throw new Error(`${op} went well`);
  return answer.error.message;
}

/** Makes the calls that an error names, with values of `filled` for open fields. @returns the result of each call */
async function follow(message: string, filled: Readonly<Record<string, unknown>> = {}) {
  const answers = [];
  for (const { op, input } of callsIn(message)) {
    const asked = Object.fromEntries(Object.entries(input).map(([name, value]) => [name, value ?? filled[name]]));
    answers.push(await call(op, asked));
  }
  return answers;
}

function personPushes(name: string, text: string, branch = "main"): string {
  seed.receive(branch);
  writeFileSync(join(seed.tree, name), text);
  return seed.publish(`${branch} ${name}`, branch);
}

const remote = (...args: string[]) => git(seed.bare, ...args);

test("a conflict of push: its pull puts the conflicts into the files, its push ends it", async () => {
  personPushes("a.txt", "theirs\n");
  write("a.txt", "ours\n");
  const [pulled, early] = await follow(await refusal("push", { message: "ours", to: "main" }));
  expect([pulled, early]).toMatchObject([{ ok: false }, { ok: false, error: { code: "conflict" } }]);
  write("a.txt", "both\n");
  expect(await call("push", { to: "main" })).toMatchObject({ ok: true, value: { pushed: true } });
  expect(remote("show", "main:a.txt")).toBe("both");
});

test("a conflict of pull, and of what is begun then", async () => {
  personPushes("a.txt", "theirs\n");
  write("a.txt", "ours\n");
  await call("push", { message: "ours" });
  const [begun] = await follow(await refusal("pull"));
  expect(begun).toMatchObject({ ok: false, error: { details: { work: { tree: "merging" } } } });
  const message = await refusal("pull");
  expect(await follow(message)).toMatchObject([{ ok: true, value: { ended: "merge" } }]);
  expect(await call("status")).toMatchObject({ ok: true, value: { clean: true } });
});

test("commits that were taken away: the pull leaves them out, and the push goes", async () => {
  personPushes("secret", "secret\n");
  await call("pull");
  seed.send("main", "main~1");
  write("mine", "mine\n");
  const message = await refusal("push", { message: "mine", to: "main" });
  expect(await follow(message)).toMatchObject([{ ok: true, value: { how: "rebased" } }]);
  expect(await call("push", { to: "main" })).toMatchObject({ ok: true, value: { pushed: true } });
  expect(remote("ls-tree", "--name-only", "main").split("\n")).toEqual(["a.txt", "mine"]);
});

test("commits that were taken away, and a merge of them asked for", async () => {
  personPushes("secret", "secret\n");
  await call("pull");
  seed.send("main", "main~1");
  const [pulled] = await follow(await refusal("pull", { rebase: false }));
  expect(pulled).toMatchObject({ ok: true, value: { left_out: [expect.any(String)] } });
});

test("commits that were taken away and are merged: a new branch, and one's own commits there", async () => {
  personPushes("secret", "secret\n");
  await call("pull");
  const base = remote("rev-parse", "main~1");
  seed.git("checkout", "-q", "-B", "other", base);
  writeFileSync(join(seed.tree, "other"), "other\n");
  seed.publish("other", "other");
  write("mine", "mine\n");
  await call("push", { message: "mine" });
  const mine = home.git("rev-parse", "HEAD");
  await call("pull", { from: "other" });
  remote("update-ref", "refs/heads/main", base);
  const message = await refusal("pull");
  const [made, applied] = await follow(message, { name: "anew", commits: [mine] });
  expect(made).toMatchObject({ ok: true, value: { current: "anew", head: base } });
  expect(applied).toMatchObject({ ok: true, value: { applied: [{ of: mine }] } });
  expect(await call("push")).toMatchObject({ ok: true, value: { pushed: true, to: "anew" } });
});

test("the default branch: named, it is pushed to", async () => {
  home.policy = DEFAULT_POLICY;
  await call("branch", { name: "main" });
  write("mine", "mine\n");
  const message = await refusal("push", { message: "mine" });
  const [{ op, input } = { op: "", input: {} }] = callsIn(message);
  expect(await call(op, { ...input, message: "mine" })).toMatchObject({ ok: true, value: { pushed: true } });
});

test("commits that were taken back, and built upon meanwhile", async () => {
  write("mine", "mine\n");
  await call("push", { message: "mine" });
  await call("restore", { to: "origin/main", keep: true });
  personPushes("theirs", "theirs\n", "agent/ada/t1");
  write("mine", "better\n");
  const [pulled] = await follow(await refusal("push", { message: "better" }));
  expect(pulled).toMatchObject({ ok: false, error: { code: "conflict" } });
  const [begun] = await follow(pulled && !pulled.ok ? pulled.error.message : "");
  expect(begun).toMatchObject({ ok: false, error: { details: { work: { tree: "merging" } } } });
  write("mine", "better\n");
  expect(await call("push")).toMatchObject({ ok: true, value: { pushed: true } });
  expect(remote("show", "agent/ada/t1:mine")).toBe("better");
});

test("amend of the only commit of a shallow clone: once it has parents", async () => {
  const own = "agent/ada/t1";
  write("mine", "mine\n");
  await call("push", { message: "mine" });
  home.remove();
  home = new Home(home.remote.url);
  await home.run(clone, { agent_id: "ada", task_id: "t1", branch: own, shallow: true });
  expect(await follow(await refusal("push", { amend: true, message: "better" }))).toMatchObject([{ ok: true }]);
  expect(await call("push", { amend: true, message: "better" })).toMatchObject({ ok: true, value: { pushed: true } });
  expect(remote("log", "--format=%s", own).split("\n")).toEqual(["better", "first"]);
});

test("a conflict of apply: what is left of it, and its end", async () => {
  const theirs = personPushes("a.txt", "theirs\n");
  write("a.txt", "ours\n");
  await call("push", { message: "ours" });
  await call("pull", { from: "main" });
  const message = await refusal("apply", { commits: [theirs] });
  const [, ended] = await follow(message, { resolve: { "a.txt": "theirs" } });
  expect(ended).toMatchObject({ ok: true });
});
