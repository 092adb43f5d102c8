import { Sandbox } from "e2b";
import { expect, it } from "vitest";
import * as z from "zod/v4";
import { json, useHost } from "./support.ts";

const test = useHost({ maxRunning: 4 });

it("makes sandboxes of their own from one that runs on", async () => {
  const original = await test.create({ metadata: { job: "x" }, envs: { INHERITED: "yes" } });
  await original.files.write("state", "before");
  const forks = await original.fork({ count: 2, timeoutMs: 60_000 });
  expect(forks).toHaveLength(2);
  for (const fork of forks) {
    if (!(fork instanceof Sandbox)) throw fork;
    expect(fork.sandboxId).not.toBe(original.sandboxId);
    expect((await fork.commands.run("cat state; echo $INHERITED")).stdout).toBe("beforeyes\n");
    const { metadata, startedAt, endAt } = await fork.getInfo();
    expect(metadata).toEqual({ job: "x" });
    expect(endAt.getTime() - startedAt.getTime()).toBe(60_000);
    await fork.files.write("state", "after");
  }
  expect(await original.files.read("state")).toBe("before");
});

it("tells of each fork whether it worked", async () => {
  const [original] = await Sandbox.list({ ...test.connection, query: { metadata: { job: "x" } } }).nextItems();
  const response = await test.control("POST", `/sandboxes/${original?.sandboxId}/fork`, { count: 2 });
  const results = await json(response, z.array(z.record(z.string(), z.unknown())));
  // Three sandboxes are running, of at most four.
  expect(results.map((result) => Object.keys(result))).toEqual([["sandbox"], ["error"]]);
  expect(results[1]?.["error"]).toMatchObject({ code: 429 });
});
