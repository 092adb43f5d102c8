import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { runProcess } from "../../src/e2b/process.ts";
import type { ProcessRequest, ProcessResult } from "../../src/e2b/process.ts";
import {
  e2bError,
  empty,
  endOfStream,
  exited,
  frame,
  hangUp,
  json,
  SANDBOX,
  silence,
  startWireServer,
  started,
  stderr,
  stdout,
  stream,
} from "./wire-server.ts";
import type { WireServer } from "./wire-server.ts";

let server: WireServer;

beforeEach(async () => {
  server = await startWireServer();
});

afterEach(async () => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  await server.close();
});

function run(request: Partial<ProcessRequest> = {}): Promise<ProcessResult> {
  const defaults = { cmd: "git", args: ["status"], envs: {}, timeoutMs: 300_000, maxOutputBytes: 65_536 };
  return runProcess(server.config, SANDBOX, { ...defaults, ...request });
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

describe("a process that ends", () => {
  it("is one request in Connect's framing, with the sandbox's token and not the account's key", async () => {
    server.answer(stream(started, exited(0), endOfStream));
    await run({ cmd: "/bin/sh", args: ["-c", "true"], envs: { A: "1" }, cwd: "/tmp", timeoutMs: 5_000 });
    const [request, ...more] = server.requests;
    expect(more).toEqual([]);
    expect(`${request?.method} ${request?.url}`).toBe("POST /process.Process/Start");
    expect(request?.headers).toMatchObject({
      "content-type": "application/connect+json",
      "connect-protocol-version": "1",
      "connect-timeout-ms": "5000",
      "keepalive-ping-interval": "50",
      "e2b-sandbox-id": SANDBOX.sandboxId,
      "e2b-sandbox-port": "49983",
      "x-access-token": SANDBOX.accessToken,
    });
    expect(request?.headers).not.toHaveProperty("x-api-key");
    const process = { cmd: "/bin/sh", args: ["-c", "true"], envs: { A: "1" }, cwd: "/tmp" };
    expect(request?.body).toEqual(frame(0, { process, stdin: false }));
  });

  it("gives its output, its last words and its exit code", async () => {
    const keepalive = frame(0, { event: { keepalive: {} } });
    server.answer(
      stream(started, stdout("one "), stderr("warn "), keepalive, stdout("two"), stderr("ing"), exited(3), endOfStream),
    );
    const { stdout: bytes, ...rest } = await run();
    expect(text(bytes)).toBe("one two");
    expect(rest).toEqual({ exitCode: 3, stderr: "warn ing", truncated: false });
  });

  it("waits until its output is taken, and collects what is returned of it", async () => {
    server.answer(stream(started, stdout("one "), stdout("two "), stdout("three"), exited(0), endOfStream));
    const taken: string[] = [];
    let taking = false;
    const { stdout: bytes } = await run({
      takeStdout: async (part) => {
        expect(taking).toBe(false);
        taking = true;
        await new Promise(setImmediate);
        taking = false;
        taken.push(text(part));
        return part.subarray(0, 1);
      },
    });
    expect(taken).toEqual(["one ", "two ", "three"]);
    expect(text(bytes)).toBe("ott");
  });

  it("ends with the error of who takes its output", async () => {
    server.answer(stream(started, stdout("one"), exited(0), endOfStream));
    const left = new Error("left");
    await expect(run({ takeStdout: () => Promise.reject(left) })).rejects.toBe(left);
  });

  it("takes an exit code that is left out for 0", async () => {
    server.answer(stream(started, exited(0), endOfStream));
    expect((await run()).exitCode).toBe(0);
  });

  it("is understood when the stream comes in pieces of seven bytes", async () => {
    const bytes = Buffer.concat([started, stdout(Buffer.alloc(5_000, "x")), exited(0), endOfStream]);
    const pieces = Array.from({ length: Math.ceil(bytes.length / 7) }, (_, at) => bytes.subarray(at * 7, at * 7 + 7));
    server.answer(stream(...pieces));
    expect((await run()).stdout).toHaveLength(5_000);
  });

  it("has stdout cut at the limit and is still followed to its end", async () => {
    server.answer(
      stream(started, stdout("12345"), stdout("67890"), stdout("not base64 is not looked at"), exited(1), endOfStream),
    );
    const result = await run({ maxOutputBytes: 7 });
    expect(text(result.stdout)).toBe("1234567");
    expect(result).toMatchObject({ truncated: true, exitCode: 1 });
  });

  it("is not called cut when its output just fits", async () => {
    server.answer(stream(started, stdout("1234567"), exited(0), endOfStream));
    expect(await run({ maxOutputBytes: 7 })).toMatchObject({ truncated: false });
  });

  it("keeps the end of a long stderr", async () => {
    server.answer(stream(started, stderr("a".repeat(200_000)), stderr("fatal: the reason"), exited(128), endOfStream));
    const result = await run();
    expect(result.stderr).toHaveLength(65_536);
    expect(result.stderr.endsWith("afatal: the reason")).toBe(true);
  });

  it("has stderr told as it comes, before the end, with characters whole", async () => {
    const euro = Buffer.from("€");
    const heard = Promise.withResolvers<void>();
    server.answer((response) => {
      response.writeHead(200, { "content-type": "application/connect+json" });
      response.write(Buffer.concat([started, stderr(euro.subarray(0, 1)), stderr(euro.subarray(1))]));
      void heard.promise.then(() => response.end(Buffer.concat([exited(0), endOfStream])));
    });
    const told: string[] = [];
    const result = await run({
      onStderr: (piece) => {
        told.push(piece);
        heard.resolve();
      },
    });
    expect(told).toEqual(["€"]);
    expect(result.stderr).toBe("€");
  });

  it("leaves its connection to the next one, though the server closes the stream a moment late", async () => {
    for (let runs = 0; runs < 8; runs++) {
      server.answer((response) => {
        response.writeHead(200, { "content-type": "application/connect+json" });
        response.write(Buffer.concat([started, exited(0), endOfStream]));
        setTimeout(() => response.end(), 5);
      });
      await run();
    }
    // Two, because Node's fetch may not have taken the first connection back yet if the next call follows at once.
    expect(server.connections()).toBeLessThanOrEqual(2);
  });

  it("that exited by itself has its result, though the deadline passed before the stream closed", async () => {
    server.answer(stream(started, exited(0), frame(2, { error: { code: "deadline_exceeded" } })));
    expect(await run()).toMatchObject({ exitCode: 0 });
  });
});

describe("a process that was not started", () => {
  it.each([
    [
      "a paused sandbox",
      json(502, { sandboxId: "iabc", message: "The sandbox was not found", code: 502 }),
      "not_running",
    ],
    [
      "too many requests for a longer time",
      json(429, { code: 429, message: "Rate limit exceeded" }, { "retry-after": "25" }),
      "rate_limited",
    ],
    ["a wrong token", json(401, { code: 401, message: "unauthorized access" }), "unauthenticated"],
    ["a sandbox between two states", json(409, { sandboxId: "iabc", message: "transitioning", code: 409 }), "conflict"],
    ["a redirect", empty(302, { location: "http://127.0.0.1:1/" }), "protocol"],
    ["a wrong cwd", stream(frame(2, { error: { code: "invalid_argument", message: "no cwd" } })), "invalid_request"],
    ["an unknown user", stream(frame(2, { error: { code: "unauthenticated" } })), "unauthenticated"],
  ] as const)("because of %s says so, and is not tried again", async (_name, answer, code) => {
    server.answer(answer);
    expect(await e2bError(run())).toMatchObject({ code, started: false });
    expect(server.requests).toHaveLength(1);
  });
});

describe("a process that the sandbox does not take just now", () => {
  const busy = json(429, { code: 429, message: "Rate limit exceeded" }, { "retry-after": "0" });

  it.each([
    ["a 429", busy],
    ["a refusal in the stream", stream(frame(2, { error: { code: "resource_exhausted", message: "busy" } }))],
    ["an envd that does not listen yet", json(502, { sandboxId: "iabc", message: "port", port: 49_983, code: 502 })],
  ] as const)("is tried again after %s", async (_name, answer) => {
    vi.spyOn(Math, "random").mockReturnValue(0);
    server.answer(answer, answer, stream(started, stdout("ran"), exited(0), endOfStream));
    expect(text((await run()).stdout)).toBe("ran");
    expect(server.requests).toHaveLength(3);
    const [first, ...more] = server.requests;
    expect(more.every(({ body }) => first?.body.equals(body))).toBe(true);
  });

  it("is given up with the time to wait, after four tries", async () => {
    vi.spyOn(Math, "random").mockReturnValue(0);
    server.answer(busy, busy, busy, busy);
    expect(await e2bError(run())).toMatchObject({ code: "rate_limited", started: false, retryAfterS: 0 });
    expect(server.requests).toHaveLength(4);
  });
});

describe("a process that may have run", () => {
  const cut =
    (...frames: Buffer[]): Parameters<WireServer["answer"]>[0] =>
    (response) => {
      response.writeHead(200, { "content-type": "application/connect+json" });
      response.write(Buffer.concat(frames), () => response.destroy());
    };
  it.each([
    ["a connection dropped before the answer", hangUp, "unavailable"],
    ["a gateway's 502", empty(502), "unavailable"],
    ["a connection dropped in the middle", cut(started, stdout("half")), "stream_broken"],
    ["an end inside a message", stream(started, stdout("half").subarray(0, 12)), "stream_broken"],
    ["an end without the last message", stream(started, stdout("all"), exited(0)), "stream_broken"],
    ["a last message before the end of the process", stream(started, endOfStream), "protocol"],
    ["a stream closed by the sandbox", stream(started, frame(2, { error: { code: "canceled" } })), "unavailable"],
    ["a refusal after the start", stream(started, frame(2, { error: { code: "not_found" } })), "not_found"],
    ["an internal error", stream(frame(2, { error: { code: "internal", message: "boom" } })), "unavailable"],
    ["a compressed message", stream(started, frame(1, {})), "protocol"],
    ["an event of another shape", stream(started, frame(0, { event: { data: { stdout: 7 } } })), "protocol"],
    ["a message that is no JSON", stream(Buffer.from([0, 0, 0, 0, 1, 0x7b])), "protocol"],
    ["output that is not base64", stream(started, frame(0, { event: { data: { stdout: "*" } } })), "protocol"],
    ["a last message of another shape", stream(started, frame(2, { error: "no" })), "protocol"],
    ["an answer of another type", json(200, {}), "protocol"],
  ] as const)("tells %s as such and is not run again", async (_name, answer, code) => {
    server.answer(answer);
    expect(await e2bError(run())).toMatchObject({ code, started: true });
    expect(server.requests).toHaveLength(1);
  });

  it("says that the deadline killed it", async () => {
    const killed = frame(0, { event: { end: { exitCode: -1, status: "signal: killed" } } });
    const over = frame(2, { error: { code: "deadline_exceeded", message: "context deadline exceeded" } });
    server.answer(stream(started, over), stream(started, killed, over));
    expect(await e2bError(run({ timeoutMs: 40 }))).toMatchObject({ code: "process_deadline", started: true });
    expect(await e2bError(run({ timeoutMs: 40 }))).toMatchObject({ code: "process_deadline", started: true });
  });

  it.each([
    ["before the answer", silence],
    [
      "in the middle",
      ((response) => {
        response.writeHead(200, { "content-type": "application/connect+json" });
        response.write(started);
      }) satisfies Parameters<WireServer["answer"]>[0],
    ],
  ])("does not hang on a sandbox that falls silent %s", async (_name, answer) => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    server.answer(answer);
    const arrived = server.nextRequest();
    const failure = e2bError(run({ timeoutMs: 10_000 }));
    await arrived;
    await vi.advanceTimersByTimeAsync(15_000);
    expect(await failure).toMatchObject({ code: "timeout", started: true });
  });

  it("lets an error of the caller's own through", async () => {
    server.answer(stream(started, stderr("x"), exited(0), endOfStream));
    const broken = run({
      onStderr: () => {
        throw new RangeError("the caller's");
      },
    });
    await expect(broken).rejects.toThrow(RangeError);
  });
});
