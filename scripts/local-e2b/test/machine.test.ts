import { mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, expect, it } from "vitest";
import { Disks } from "../machine/disks.ts";
import { chooseIsolation } from "../machine/isolation.ts";
import { removeTree } from "../machine/tree.ts";

const root = mkdtempSync(join(tmpdir(), "machine-"));
const { isolation } = await chooseIsolation("auto", root);
const disks = new Disks(join(root, "disks"), isolation.owner, isolation.layered);
afterAll(async () => {
  await isolation.close();
  await removeTree(root);
});

it.runIf(isolation.kind === "namespaces")(
  "a machine runs what comes right after everything in it was killed",
  async () => {
    const machine = await isolation.open("killed", await disks.on([]));
    const echo = async (): Promise<string> => {
      const place = { user: "user", cwd: "/", env: machine.env, stdin: "closed" } as const;
      const { stdout, exited } = await machine.launch({ cmd: "echo", args: ["here"], ...place });
      return `${await text(stdout)}${JSON.stringify(await exited)}`;
    };
    const processes = () => readdirSync(machine.locate("/proc").host).filter((name) => /^\d+$/.test(name));
    const answers: string[] = [];
    for (let round = 0; round < 20; round++) {
      answers.push(await echo());
      // One of the two waits for the next order.
      await expect.poll(() => processes().length).toBe(2);
      await machine.killAll();
      answers.push(await echo());
    }
    expect(new Set(answers)).toEqual(new Set(['here\n{"code":0,"signal":null}']));
    await machine.close();
  },
);
