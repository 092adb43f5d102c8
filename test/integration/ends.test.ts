import { existsSync } from "node:fs";
import { Sandbox } from "e2b";
import { expect, test } from "vitest";
import * as z from "zod/v4";
import { npmStart } from "../support/npm-start.ts";
import { ProcessTree } from "../support/process-tree.ts";
import { until } from "../support/until.ts";

/** The processes that a person could end, by their command lines. */
const PROCESSES = {
  npm: /^npm start /,
  "run.mjs": /^\S*node scripts\/run\.mjs /,
  "the script": /^\S*node --import \S+ scripts\/start\.ts /,
  workerd: /^\S*workerd serve /,
} as const;
const SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP", "SIGKILL"] as const;

const cases = Object.entries(PROCESSES).flatMap(([name, commandLine]) =>
  SIGNALS.map((signal) => [signal, name, commandLine] as const),
);

// Without /proc, the processes of a tree whose root is gone cannot be found.
test.skipIf(!existsSync("/proc/self/stat")).each(cases)(
  "%s to %s ends all of npm start",
  async (signal, _, commandLine) => {
    const { child, hostUrl } = await npmStart({ POOL_MIN: "0", POOL_MAX: "0" });
    const sandbox = await Sandbox.create("base", { apiKey: "k", apiUrl: hostUrl, sandboxUrl: hostUrl });
    await sandbox.commands.run("sleep 4730", { background: true });
    const npm = z.number().parse(child.pid);
    await until("the sandbox's process runs", () => ProcessTree.of(npm).find(/^sleep 4730/).length === 1);
    const tree = ProcessTree.of(npm);
    const found = tree.find(commandLine);
    expect(found).toHaveLength(1);

    for (const pid of found) process.kill(pid, signal);
    await expect.poll(() => tree.alive()).toEqual([]);
  },
);
