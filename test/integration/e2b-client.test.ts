import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startLocalHost } from "../../scripts/local-e2b/host.ts";
import type { LocalHost } from "../../scripts/local-e2b/host.ts";
import type { E2bConfig } from "../../src/e2b/config.ts";
import { controlPlane } from "../../src/e2b/control.ts";
import type { ControlPlane } from "../../src/e2b/control.ts";
import { E2bError } from "../../src/e2b/error.ts";
import { uploadFile } from "../../src/e2b/files.ts";
import { runProcess } from "../../src/e2b/process.ts";
import type { ProcessRequest, ProcessResult } from "../../src/e2b/process.ts";
import type { SandboxSession } from "../../src/e2b/schema.ts";

let host: LocalHost;
let config: E2bConfig;
let plane: ControlPlane;

beforeAll(async () => {
  host = await startLocalHost();
  config = { apiKey: "e2b_test", apiUrl: host.url, sandboxUrl: host.url, domain: "e2b.app" };
  plane = controlPlane(config);
});

afterEach(() => host.faults.reset());
afterAll(() => host.close());

function create(metadata: Record<string, string> = {}): Promise<SandboxSession> {
  return plane.create({ template: "base", timeoutS: 300, metadata, autoPause: true });
}

function shell(session: SandboxSession, script: string, request: Partial<ProcessRequest> = {}): Promise<ProcessResult> {
  const defaults = { cmd: "/bin/sh", args: ["-c", script], envs: {}, timeoutMs: 20_000, maxOutputBytes: 1 << 20 };
  return runProcess(config, session, { ...defaults, ...request });
}

async function failure(call: Promise<unknown>): Promise<E2bError> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof E2bError) return error;
  throw new Error("expected an E2bError", { cause: error });
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

describe("a sandbox's processes", () => {
  let session: SandboxSession;
  beforeEach(async () => {
    session = await create();
  });
  afterEach(async () => {
    await plane.kill(session.sandboxId);
  });

  it("have an input that ends when it is told", async () => {
    const before = host.counters();
    expect(await shell(session, "wc -c", { openUntil: Promise.resolve() })).toMatchObject({ exitCode: 0 });
    expect(host.counters().sandbox - before.sandbox).toBe(2);
    expect(await shell(session, "wc -c", { openUntil: Promise.reject(new Error("lost")) })).toMatchObject({
      exitCode: 0,
    });
    const never = new Promise(() => undefined);
    expect(await shell(session, "exit 4", { openUntil: never })).toMatchObject({ exitCode: 4 });
  });

  it("give output, exit code and environment in one request", async () => {
    const before = host.counters();
    const result = await shell(session, 'printf "%s" "$WORD"; printf err >&2; exit 3', { envs: { WORD: "é\n" } });
    expect({ ...result, stdout: text(result.stdout) }).toEqual({
      exitCode: 3,
      stdout: "é\n",
      stderr: "err",
      truncated: false,
    });
    const after = host.counters();
    expect(after.sandbox - before.sandbox).toBe(1);
    expect(after.control).toBe(before.control);
  });

  it("are told about while they run", async () => {
    // The process ends only once its first output has arrived here and a file was written in response.
    const heard = Promise.withResolvers<void>();
    const running = shell(session, "echo ready >&2; until [ -e go ]; do sleep 0.02; done; echo done", {
      onStderr: () => heard.resolve(),
    });
    await heard.promise;
    await uploadFile(config, session, "go", new Uint8Array());
    expect(text((await running).stdout)).toBe("done\n");
  });

  it("bring back a megabyte whole, and are cut when that is too much", async () => {
    const script = "yes | head -c 1048576; exit 7";
    const whole = await shell(session, script);
    expect({ ...whole, stdout: text(whole.stdout) === "y\n".repeat(1 << 19) }).toEqual({
      exitCode: 7,
      stdout: true,
      stderr: "",
      truncated: false,
    });
    const cut = await shell(session, script, { maxOutputBytes: 1_000 });
    expect(cut).toMatchObject({ exitCode: 7, truncated: true });
    expect(cut.stdout).toHaveLength(1_000);
  });

  it("are killed at their deadline", async () => {
    const error = await failure(shell(session, "sleep 600; touch survived", { timeoutMs: 300 }));
    expect(error).toMatchObject({ code: "process_deadline", started: true });
    expect((await shell(session, "ls survived")).exitCode).not.toBe(0);
  });

  it("are refused before they start when their folder does not exist", async () => {
    const error = await failure(shell(session, "true", { cwd: "/no/such/place" }));
    expect(error).toMatchObject({ code: "invalid_request", started: false });
  });

  it("read files that were written byte for byte", async () => {
    const bytes = Uint8Array.from({ length: 70_000 }, (_, at) => at % 256);
    await uploadFile(config, session, "a folder/ü & b", bytes);
    expect((await shell(session, "cat 'a folder/ü & b'")).stdout).toEqual(bytes);
  });

  it("are told as broken off, not as failed, when the connection is cut", async () => {
    host.faults.set({ cutStreams: { count: 1, afterEvents: 1 } });
    expect(await failure(shell(session, "echo hello"))).toMatchObject({ code: "stream_broken", started: true });
    expect((await shell(session, "echo again")).exitCode).toBe(0);
  });

  it("need the sandbox's own token", async () => {
    const error = await failure(shell({ ...session, accessToken: "wrong" }, "true"));
    expect(error).toMatchObject({ code: "unauthenticated", started: false });
  });
});

describe("a sandbox's life", () => {
  it("goes from running to paused and back with its files, and ends", async () => {
    const session = await create();
    const { sandboxId } = session;
    await shell(session, "echo kept > file");
    expect(await plane.pause(sandboxId)).toBe("paused");
    expect(await plane.pause(sandboxId)).toBe("already_paused");
    expect(await failure(shell(session, "true"))).toMatchObject({ code: "not_running", started: false });
    expect(await failure(uploadFile(config, session, "f", new Uint8Array()))).toMatchObject({ code: "not_running" });
    expect((await plane.get(sandboxId)).state).toBe("paused");

    const resumed = await plane.connect(sandboxId, 600);
    expect(resumed.sandboxId).toBe(sandboxId);
    expect(text((await shell(resumed, "cat file")).stdout)).toBe("kept\n");
    const detail = await plane.get(sandboxId);
    expect(detail.state).toBe("running");
    expect(detail.accessToken).toBe(resumed.accessToken);

    await plane.setTimeout(sandboxId, 1_000);
    expect((await plane.get(sandboxId)).endAtMs).toBeGreaterThan(detail.endAtMs);

    expect(await plane.kill(sandboxId)).toBe(true);
    expect(await plane.kill(sandboxId)).toBe(false);
    expect(await failure(shell(resumed, "true"))).toMatchObject({ code: "not_running", started: false });
    expect(await failure(plane.connect(sandboxId, 600))).toMatchObject({ code: "not_found" });
    expect(await failure(plane.get(sandboxId))).toMatchObject({ code: "not_found" });
  });

  it("can be looked up by metadata, whatever is in it", async () => {
    const metadata = { tenant: "a b&c=d%/+é", run: "list" };
    const sessions = await Promise.all(Array.from({ length: 3 }, () => create(metadata)));
    const other = await create({ ...metadata, tenant: "a b" });
    const [first] = sessions;
    await plane.pause(first?.sandboxId ?? "");

    const found = await plane.list({ metadata, states: ["running", "paused"] });
    expect(found.map(({ sandboxId }) => sandboxId).sort()).toEqual(sessions.map(({ sandboxId }) => sandboxId).sort());
    expect(found.every((sandbox) => sandbox.metadata["tenant"] === metadata.tenant)).toBe(true);
    const paused = await plane.list({ metadata, states: ["paused"] });
    expect(paused.map(({ sandboxId }) => sandboxId)).toEqual([first?.sandboxId]);
    await Promise.all([...sessions, other].map(({ sandboxId }) => plane.kill(sandboxId)));
    expect(await plane.list({ metadata: { run: "list" }, states: ["running", "paused"] })).toEqual([]);
  });
});

describe("faults of the control plane", () => {
  it("429 is waited out, for as long as it says, and makes one sandbox", async () => {
    host.faults.set({ controlErrors: { count: 1, status: 429, retryAfterS: 1 } });
    const created = await create({ run: "limited" });
    const found = await plane.list({ metadata: { run: "limited" }, states: ["running"] });
    expect(found.map(({ sandboxId }) => sandboxId)).toEqual([created.sandboxId]);
    await plane.kill(created.sandboxId);
  });

  it("429 that asks for more patience than a caller has comes back with the time to wait", async () => {
    host.faults.set({ controlErrors: { count: 1, status: 429, retryAfterS: 120 } });
    expect(await failure(create())).toMatchObject({ code: "rate_limited", retryAfterS: 120, started: false });
  });

  it("a passing 500 is retried where that is harmless, and only there", async () => {
    const session = await create();
    host.faults.set({ controlErrors: { count: 1, status: 500 } });
    expect((await plane.get(session.sandboxId)).state).toBe("running");
    host.faults.set({ controlErrors: { count: 1, status: 500 } });
    expect(await failure(create())).toMatchObject({ code: "unavailable", started: true });
    await plane.kill(session.sandboxId);
  });

  it("no template, no sandbox", async () => {
    const request = { template: "no-such-template", timeoutS: 300, metadata: {}, autoPause: true };
    expect(await failure(plane.create(request))).toMatchObject({ code: "not_found", started: false });
  });
});
