import { STREAM_TYPE } from "../../src/e2b/process-stream.ts";
import { runProcess } from "../../src/e2b/process.ts";
import type { ProcessResult } from "../../src/e2b/process.ts";
import { heldIf } from "../verification/check.ts";
import type { Theme } from "../verification/check.ts";
import { refusalOf } from "./answers.ts";
import type { E2bScene } from "./scene.ts";
import { namesOfEvents, pidOf, processCall, startCall } from "./wire.ts";

const LIMIT_MS = 1500;
const BIG_BYTES = 3_000_000;

export const processes: Theme<E2bScene> = {
  name: "processes",
  checks: [
    {
      name: "stream",
      expects: "Connect's JSON envelopes: start, output in its order, end, and a last message",
      look: async (scene) => {
        const line = "echo out; sleep 0.3; echo err >&2; sleep 0.3; echo out";
        const response = await startCall(scene, await scene.shared(), line);
        const type = response.headers.get("content-type") ?? "no type";
        const names = (await namesOfEvents(response)).join(", ");
        const isWhole = names === "start, stdout, stderr, stdout, end, close";
        return heldIf(isWhole && type.startsWith(STREAM_TYPE), `${type}: ${names}`);
      },
    },
    {
      name: "exit code",
      expects: "0, 3 as they are; below 0 where a signal ended it",
      look: async (scene) => {
        const session = await scene.shared();
        const codes: number[] = [];
        for (const line of ["true", "exit 3", "kill -9 $$"]) codes.push((await scene.run(session, line)).exitCode);
        return heldIf(codes.join() === "0,3,-1", codes.join(", "));
      },
    },
    {
      name: "output",
      expects: `${BIG_BYTES} bytes of any value come whole and in order; stderr beside them`,
      look: async (scene) => {
        const line = `head -c ${BIG_BYTES} /dev/urandom | tee /tmp/big >&1; sha256sum /tmp/big >&2`;
        const { stdout, stderr } = await large(scene, line);
        const digest = Buffer.from(await crypto.subtle.digest("SHA-256", new Uint8Array(stdout))).toString("hex");
        return heldIf(
          stderr.startsWith(digest),
          `${stdout.length} bytes, ${stderr.startsWith(digest) ? "the same" : "others"}`,
        );
      },
    },
    {
      name: "keepalive",
      expects: "Keepalive-Ping-Interval: messages that are no output, while nothing is printed",
      look: async (scene) => {
        const response = await startCall(scene, await scene.shared(), "sleep 2.5", { "keepalive-ping-interval": "1" });
        const names = await namesOfEvents(response);
        const others = names.filter((name) => name !== "keepalive").join(", ");
        const count = names.length - (others === "" ? 0 : others.split(", ").length);
        return heldIf(count > 0 && others === "start, end, close", `${count} beside ${others}`);
      },
    },
    {
      name: "deadline",
      expects: "Connect-Timeout-Ms ends the started process, and what it printed is told; what it had started goes on",
      look: async (scene) => {
        const session = await scene.shared();
        const line = "sleep 37 >/dev/null 2>&1 & echo $! $$; wait";
        const refusal = await refusalOf(scene.run(session, line, LIMIT_MS));
        const [child = "0", shell = "0"] = new TextDecoder().decode(refusal.stdout).trim().split(" ");
        const isThere = (pid: string) =>
          scene.run(session, `kill -0 ${Number(pid)}`).then(({ exitCode }) => exitCode === 0);
        const [childRuns, shellRuns] = [await isThere(child), await isThere(shell)];
        if (childRuns) await scene.run(session, `kill -9 ${Number(child)}`);
        const isCut = refusal.code === "process_deadline" && !shellRuns;
        return heldIf(isCut && childRuns, `${refusal.code}; it ${runs(shellRuns)}, what it started ${runs(childRuns)}`);
      },
    },
    {
      name: "signal",
      expects: "SendSignal ends a running process; of one that is not there: 404",
      look: async (scene) => {
        const session = await scene.shared();
        const request = { cmd: "/bin/sleep", args: ["29.5"], envs: {}, timeoutMs: 20_000, maxOutputBytes: 1024 };
        const running = runProcess(scene.config, session, request, scene.fetcher);
        running.catch(() => undefined);
        const killed = { process: { pid: await pidOf(scene, session, "29.5") }, signal: "SIGNAL_SIGKILL" };
        const { status } = await processCall(scene, session, "SendSignal", killed);
        const { exitCode } = await running;
        const none = await processCall(scene, session, "SendSignal", killed);
        return heldIf(
          status === 200 && exitCode === -1 && none.status === 404,
          `${status}, exit code ${exitCode}; then ${none.status}`,
        );
      },
    },
  ],
};

const runs = (isThere: boolean) => (isThere ? "runs" : "ended");

async function large(scene: E2bScene, line: string): Promise<ProcessResult> {
  const request = { cmd: "/bin/bash", args: ["-c", line], envs: {}, timeoutMs: 30_000, maxOutputBytes: 2 * BIG_BYTES };
  return runProcess(scene.config, await scene.shared(), request, scene.fetcher);
}
