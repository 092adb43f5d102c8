import { readFileSync } from "node:fs";
import { buffer, text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { STANDARD_PATH } from "../machine/helper.ts";
import { Holder } from "../machine/holder.ts";
import { HOLDER_SCRIPT } from "../machine/holder-script.ts";
import { LaunchError, type LaunchRequest } from "../machine/machine.ts";
import { findTool } from "../machine/tools.ts";

describe.skipIf(process.platform !== "linux")("a holder", () => {
  let holder: Holder;
  beforeEach(async () => {
    holder = await Holder.start(findTool("perl"), ["-e", HOLDER_SCRIPT, "-", "self"], undefined);
  });
  afterEach(() => holder.end());

  const request = (cmd: string, args: string[] = [], stdin: LaunchRequest["stdin"] = "closed"): LaunchRequest => ({
    user: "user",
    cmd,
    args,
    cwd: "/",
    env: { PATH: STANDARD_PATH },
    stdin,
  });
  const children = () => {
    const pids = readFileSync(`/proc/${holder.hostPid}/task/${holder.hostPid}/children`, "latin1");
    return pids.split(" ").filter(Boolean).map(Number);
  };
  const ahead = async () => {
    await (
      await holder.run(request("true"))
    ).exited;
    // The process that was forked ahead.
    await expect.poll(() => children().length).toBe(1);
    const [pid = 0] = children();
    return pid;
  };

  it("forks the next process ahead once all are over, and takes that one", async () => {
    const pid = await ahead();
    const next = await holder.run(request("echo", ["hello"]));
    expect(next.pid).toBe(pid);
    expect(await text(next.stdout)).toBe("hello\n");
    expect(await next.exited).toEqual({ code: 0, signal: null });
  });

  it("forks another when the one ahead was killed", async () => {
    const pid = await ahead();
    process.kill(pid, "SIGKILL");
    await expect.poll(() => children()).toEqual([]);
    const next = await holder.run(request("echo", ["hello"]));
    expect(next.pid).not.toBe(pid);
    expect(await text(next.stdout)).toBe("hello\n");
  });

  it("leaves nothing when it rests", async () => {
    await ahead();
    await holder.rest();
    expect(children()).toEqual([]);
    expect(await (await holder.run(request("true"))).exited).toEqual({ code: 0, signal: null });
  });

  it("gives each process its own input, which ends when its writer ends it, whoever was started meanwhile", async () => {
    const first = await holder.run(request("cat", [], "open"));
    const second = await holder.run(request("cat", [], "open"));
    first.stdin?.end("one");
    expect(await text(first.stdout)).toBe("one");
    expect(await first.exited).toEqual({ code: 0, signal: null });
    second.stdin?.end("two");
    expect(await text(second.stdout)).toBe("two");
  });

  it("takes orders larger than a pipe", async () => {
    const long = "x".repeat(120_000);
    const shown = await holder.run(request("printf", ["%s%s", long, long]));
    expect(await buffer(shown.stdout)).toHaveLength(240_000);
  });

  it("runs many at once", async () => {
    const echo = async (n: number) => text((await holder.run(request("echo", [String(n)]))).stdout);
    const texts = await Promise.all(Array.from({ length: 20 }, (_, n) => echo(n)));
    expect(texts).toEqual(Array.from({ length: 20 }, (_, n) => `${n}\n`));
  });

  it("says of a program that is not there what a shell says", async () => {
    const missing = await holder.run(request("/no/such/program"));
    expect(await text(missing.stderr)).toContain("/no/such/program: No such file or directory");
    expect(await missing.exited).toEqual({ code: 127, signal: null });
  });

  it("refuses what no process can be given, and anything once it is over", async () => {
    await expect(holder.run(request("echo", ["a\0b"]))).rejects.toThrow(LaunchError);
    await ahead();
    await holder.end();
    await expect(holder.run(request("true"))).rejects.toThrow("the sandbox ended");
  });
});
