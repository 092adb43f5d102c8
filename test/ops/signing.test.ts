import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { listen } from "../../scripts/support/listen.ts";
import { apply } from "../../src/ops/apply.ts";
import { edit } from "../../src/ops/edit.ts";
import { pull } from "../../src/ops/pull.ts";
import { push } from "../../src/ops/push.ts";
import { cloneForEach, type Home, type Seed } from "./support.ts";
import { write } from "./trees.ts";

/** The service's answer to a request for a signature. */
let answer: { readonly status: number; readonly text: string };
const service = createServer((request, response) => {
  request.resume().on("end", () => response.writeHead(answer.status).end(answer.text));
});
let url: string;
beforeAll(async () => {
  url = `http://127.0.0.1:${await listen(service)}/broker/sign`;
});
afterAll(() => service.close());

let seed: Seed;
let home: Home;
cloneForEach(
  (origin) => {
    write(origin, { "a.txt": "a\n" });
    origin.publish("first");
  },
  { agent_id: "ada", task_id: "t1" },
  (made) => {
    ({ seed, home } = made);
    answer = { status: 503, text: "warmtree: cannot sign: the clock is wrong\n" };
    home.signing = { url, authorization: "Bearer lease" };
  },
);
afterEach(() => {
  delete home.signing;
});

const head = () => home.git("rev-parse", "HEAD");
const unsigned = async (work: () => Promise<unknown>) => {
  const { signing } = home;
  delete home.signing;
  await work();
  if (signing) home.signing = signing;
};

describe("without a signature", () => {
  test("a commit is not made, and another call makes it", async () => {
    await home.run(edit, { files: [{ path: "b.txt", content: "b\n" }] });
    const before = head();
    expect(await home.failure(push, { message: "m" })).toMatchObject({
      code: "not_signed",
      message: expect.stringContaining("the clock is wrong"),
      work: { pushed: false, tree: "unchanged" },
    });
    expect(head()).toBe(before);
    await unsigned(() => home.run(push, { message: "m" }));
    expect(home.git("show", "--name-only", "--format=%s")).toBe("m\n\nb.txt");
  });

  test("a merge stays open, even if nothing of it differs from ours", async () => {
    await unsigned(async () => {
      await home.run(edit, { files: [{ path: "a.txt", content: "ours\n" }] });
      await home.run(push, { message: "ours" });
    });
    write(seed, { "a.txt": "theirs\n" });
    seed.publish("theirs");
    expect(await home.failure(pull, { from: "main", rebase: false })).toMatchObject({ code: "conflict" });
    expect(await home.failure(push, { resolve: { "a.txt": "ours" } })).toMatchObject({ code: "not_signed" });
    expect(existsSync(join(home.tree, ".git/MERGE_HEAD"))).toBe(true);
    await unsigned(() => home.run(push, {}));
    expect(home.git("rev-list", "--merges", "--count", "-1", "HEAD")).toBe("1");
  });

  test("an amended message is not taken for pushed", async () => {
    await unsigned(async () => {
      await home.run(edit, { files: [{ path: "b.txt", content: "b\n" }] });
      await home.run(push, { message: "old" });
    });
    expect(await home.failure(push, { message: "new", amend: true })).toMatchObject({ code: "not_signed" });
  });

  test("a picked commit is not made", async () => {
    write(seed, { "c.txt": "c\n" });
    const commit = seed.publish("side", "side");
    await unsigned(() => home.run(pull, {}));
    const before = head();
    expect(await home.failure(apply, { commits: [commit] })).toMatchObject({ code: "not_signed" });
    expect([head(), home.git("status", "--porcelain")]).toEqual([before, ""]);
  });

  test.each([
    [503, "not_signed"],
    [502, "not_signed"],
    [403, "rule_broken"],
    [413, "rule_broken"],
  ])("an answer of %i is %s", async (status, code) => {
    answer = { status, text: "warmtree: cannot sign: a reason\n" };
    await home.run(edit, { files: [{ path: "b.txt", content: "b\n" }] });
    expect(await home.failure(push, { message: "m" })).toMatchObject({
      code,
      message: expect.stringContaining("a reason"),
    });
  });

  test("nobody is there", async () => {
    home.signing = { url: "http://127.0.0.1:9/broker/sign", authorization: "Bearer lease" };
    await home.run(edit, { files: [{ path: "b.txt", content: "b\n" }] });
    expect(await home.failure(push, { message: "m" })).toMatchObject({ code: "not_signed" });
  });
});

test("no hook and no monitor gets the lease, whatever a program has left in the settings", async () => {
  const hooks = join(home.path, "hooks");
  mkdirSync(hooks);
  const loot = join(home.path, "loot");
  for (const name of ["pre-commit", "prepare-commit-msg", "commit-msg", "post-commit", "monitor"]) {
    writeFileSync(join(hooks, name), `#!/bin/sh\ncat /proc/self/fd/7 >>'${loot}'\n`);
    chmodSync(join(hooks, name), 0o755);
  }
  mkdirSync(join(home.path, ".warmtree"), { recursive: true });
  const config = `[core]\n\thooksPath = ${hooks}\n\tfsmonitor = ${hooks}/monitor\n`;
  writeFileSync(join(home.path, ".warmtree/git.config"), config);
  await home.run(edit, { files: [{ path: "b.txt", content: "b\n" }] });
  await home.failure(push, { message: "m" });
  // The monitor ran in other git commands, without a lease.
  expect(existsSync(loot) ? readFileSync(loot, "utf8") : "").not.toContain("lease");
});
