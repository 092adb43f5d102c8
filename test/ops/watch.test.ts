import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { batchOf } from "../../src/ops/batch.ts";

import { diff } from "../../src/ops/diff.ts";
import { edit } from "../../src/ops/edit.ts";
import { probeAfterResume, probeBeforePause } from "../../src/ops/probes/tree-state.ts";
import type { SandboxTask } from "../../src/ops/operation.ts";
import { pull } from "../../src/ops/pull.ts";
import { push } from "../../src/ops/push.ts";
import { restore } from "../../src/ops/restore.ts";
import { until } from "../support/until.ts";
import type { Home } from "./support.ts";
import { homeWith, makePipe } from "./trees.ts";

/** Without /proc, the processes that are left cannot be found. */
describe.skipIf(process.platform !== "linux")("what is cut off by E2B, which ends the leader alone,", () => {
  let home: Home;
  let silent: Server;
  beforeEach(async () => {
    silent = createServer((socket) => socket.on("error", () => undefined)).listen(0, "127.0.0.1");
    await once(silent, "listening");
    const address = silent.address();
    home = homeWith({ "a.txt": "a\n" });
    home.remote = { url: `http://127.0.0.1:${typeof address === "object" && address?.port}/r.git` };
    home.git("remote", "add", "origin", home.remote.url);
    home.git("config", "branch.main.remote", "origin");
    home.git("config", "branch.main.merge", "refs/heads/main");
  });
  afterEach(async () => {
    for (const { pid } of atWork()) process.kill(pid, "SIGKILL");
    await until("the end of all", () => atWork().length === 0);
    silent.close();
    home.remove();
  });

  /** Returns the processes of operations in this home. */
  function atWork(): { pid: number; words: string; name: string }[] {
    const read = (pid: string, what: string) => {
      try {
        return readFileSync(`/proc/${pid}/${what}`, "latin1");
      } catch {
        // The process has ended meanwhile.
        return "";
      }
    };
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name) && read(name, "environ").includes(`\0HOME=${home.path}\0`))
      .map((pid) => ({ pid: Number(pid), words: read(pid, "cmdline").replaceAll("\0", " "), name: read(pid, "comm") }));
  }
  const gits = () => atWork().filter(({ name }) => name.startsWith("git"));

  /** Begins an operation that hangs in git, and cuts it off there. */
  async function cutOff(
    operation: SandboxTask,
    input: object,
    at: "fetch" | "push" | "ls-files" | "add",
  ): Promise<unknown> {
    const cut = new AbortController();
    const running = home.perform(operation, cut.signal, input);
    await until("git at work", () => gits().some(({ words }) => words.includes(` ${at} `)));
    cut.abort();
    return running.catch((error: unknown) => error);
  }
  const PULL = { rebase: true };
  const HANDLE = { sandbox_id: "s0-00000000000000000000" };
  const PUSH = push.input.parse({ ...HANDLE, message: "mine" });

  /** Makes git wait for ever when it reads which files are ignored. */
  function hangAtExcludes(): void {
    const info = join(home.tree, ".git/info");
    mkdirSync(info, { recursive: true });
    makePipe(join(info, "exclude"));
  }

  test("leaves no process, and the next operation goes on", async () => {
    await cutOff(pull, PULL, "fetch");
    await home.run(restore, { all: true });
    expect(gits()).toEqual([]);
    await until("the end of all", () => atWork().length === 0);
  });

  test("leaves no process of a batch", async () => {
    await cutOff(batchOf([{ operation: push, asked: PUSH }]), {}, "push");
    await until("the end of all", () => atWork().length === 0);
    await home.run(edit, { files: [{ path: "b.txt", content: "b\n" }] });
  });

  test("leaves no process of a look", async () => {
    hangAtExcludes();
    await cutOff(diff, diff.input.parse(HANDLE), "ls-files");
    await until("the end of all", () => atWork().length === 0);
  });

  test("says of a push whether it can have been done", async () => {
    writeFileSync(join(home.tree, "b.txt"), "b\n");
    home.timeoutS = 0.001;
    expect(await home.failure(push, PUSH)).toMatchObject({ code: "timeout", work: { pushed: false } });
    home.timeoutS = 30;
    expect(await cutOff(push, PUSH, "push")).toMatchObject({
      details: { work: { pushed: "unknown", tree: "unknown" } },
    });
    writeFileSync(join(home.tree, "c.txt"), "c\n");
    hangAtExcludes();
    expect(await cutOff(push, PUSH, "add")).toMatchObject({ details: { work: { pushed: false, tree: "unknown" } } });
  });

  test("holds the workspace for as long as its git is at work, whatever ended all the rest", async () => {
    const cut = new AbortController();
    const running = home.perform(pull, cut.signal, PULL);
    await until("git at work", () => gits().some(({ words }) => / fetch /.test(words)));
    for (const { pid, name } of atWork()) if (!name.startsWith("git")) process.kill(pid, "SIGKILL");
    cut.abort();
    await expect(running).rejects.toThrow();
    expect(gits()).not.toEqual([]);
    expect(await home.perform(probeBeforePause)).toEqual({ busy: true });
    for (const { pid } of gits()) process.kill(pid, "SIGKILL");
    await until("the end of all", () => atWork().length === 0);
    expect(await home.perform(probeBeforePause)).toMatchObject({ busy: false });
    await home.perform(probeAfterResume, undefined, { head: "" });
  });
});
