import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { folderOfTests, type Machine, thisMachine } from "../../scripts/tests/memory.ts";

const GIB = 1024 ** 3;
const MACHINE: Machine = {
  mounts: "/dev/vda / ext4 rw,relatime 0 0\ntmpfs /dev/shm tmpfs rw,nosuid,nodev 0 0\n",
  freeBytes: 8 * GIB,
  availableBytes: 8 * GIB,
};

test("files of tests are in memory where there is enough of it", () => {
  expect(folderOfTests({}, MACHINE)).toBe("/dev/shm");
});

test.each<[string, NodeJS.ProcessEnv, Partial<Machine> | undefined]>([
  ["it is small, as in containers", {}, { freeBytes: 64 * 1024 ** 2 }],
  ["the machine needs what it has", {}, { availableBytes: GIB }],
  ["nothing is executed there", {}, { mounts: "tmpfs /dev/shm tmpfs rw,noexec 0 0\n" }],
  ["it is a folder of the disk", {}, { mounts: "/dev/vda / ext4 rw 0 0\n" }],
  ["there is none", {}, undefined],
  ["somebody chose a folder", { TMPDIR: "/elsewhere" }, {}],
  ["all is tried as users have it", { NIGHTLY: "1" }, {}],
])("on the disk where %s", (_, env, changes) => {
  expect(folderOfTests(env, changes && { ...MACHINE, ...changes })).toBe(tmpdir());
});

test("what it chooses here takes files, and executes them", () => {
  const folder = mkdtempSync(join(folderOfTests({}, thisMachine()), "warmtree-chosen-"));
  try {
    writeFileSync(join(folder, "hook"), "#!/bin/sh\necho ran\n", { mode: 0o755 });
    expect(execFileSync(join(folder, "hook"), { encoding: "utf8" })).toBe("ran\n");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
