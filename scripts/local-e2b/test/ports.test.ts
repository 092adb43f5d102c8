import { createHash, randomBytes } from "node:crypto";
import { type IncomingMessage, request } from "node:http";
import { createServer } from "node:net";
import type { Duplex } from "node:stream";
import type { Sandbox, SandboxOpts } from "e2b";
import { describe, expect, it } from "vitest";
import { startServer } from "./program.ts";
import { type TestHost, useHost } from "./support.ts";

interface Question {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

function start(test: TestHost, sandbox: Sandbox, port: number, options: Question = {}) {
  const { hostname, port: hostPort } = new URL(test.host.url);
  const headers = { Host: `${port}-${sandbox.sandboxId}.e2b.app`, ...options.headers };
  return request({ hostname, port: hostPort, agent: false, ...options, headers });
}

function answerTo(test: TestHost, sandbox: Sandbox, port: number, options: Question = {}, body = ""): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const out = start(test, sandbox, port, options);
    out.on("error", reject);
    out.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => (text += part));
      response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, body: text }));
    });
    out.end(body);
  });
}

describe.each(["auto", "none"] as const)("a port of a sandbox, with isolation %s", (isolation) => {
  const test = useHost({ isolation });
  const served = async (options: SandboxOpts = {}) => {
    const sandbox = await test.create(options);
    return { sandbox, port: await startServer(sandbox) };
  };

  it("is its program's, by host name and by headers, with stream and WebSocket", async () => {
    const { sandbox, port } = await served();
    const options = {
      method: "POST",
      path: "/a?b=c",
      headers: { "X-One": "1", "Content-Length": "4", "X-Forwarded-For": "9" },
    };
    const { status, headers, body } = await answerTo(test, sandbox, port, options, "text");
    expect([status, headers["x-own"]]).toEqual([201, "yes"]);
    expect(body).toMatch(/^POST \/a\?b=c HTTP\/1\.1\n/);
    expect(body).toContain(`Host: ${port}-${sandbox.sandboxId}.e2b.app\r\n`);
    expect(body).toContain("X-One: 1");
    expect(body).not.toContain("X-Forwarded-For");
    expect(body).toMatch(/\n\ntext$/);

    const offered = { Connection: "Upgrade", Upgrade: "h2c", "Content-Length": "4" };
    const declined = await answerTo(test, sandbox, port, { method: "POST", headers: offered }, "text");
    expect([declined.status, declined.body]).toEqual([201, expect.stringMatching(/\n\ntext$/)]);

    const routing = { "E2b-Sandbox-Id": sandbox.sandboxId, "E2b-Sandbox-Port": String(port) };
    const routed = await fetch(`${test.host.url}/x`, { headers: routing, method: "PUT", body: "y" });
    expect([routed.status, await routed.text()]).toEqual([201, expect.stringMatching(/^PUT \/x [^]*y$/)]);

    const stream = await fetch(`${test.host.url}/stream`, { headers: routing });
    const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
    expect(await reader?.read()).toEqual({ done: false, value: "one\n" });
    await sandbox.commands.run("echo > go");
    expect(await reader?.read()).toEqual({ done: false, value: "two\n" });
    expect(await reader?.read()).toEqual({ done: true, value: undefined });

    const key = randomBytes(16).toString("base64");
    const upgrade = {
      Connection: "Upgrade",
      Upgrade: "websocket",
      "Sec-WebSocket-Key": key,
      "Sec-WebSocket-Version": "13",
    };
    const out = start(test, sandbox, port, { path: "/echo", headers: upgrade });
    const joined = new Promise<[IncomingMessage, Duplex]>((resolve, reject) => {
      out
        .on("upgrade", (answer, socket) => resolve([answer, socket]))
        .on("error", reject)
        .end();
    });
    const [answer, socket] = await joined;
    expect(answer.headers["sec-websocket-accept"]).toBe(
      createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64"),
    );
    const frame = new Promise<Buffer>((resolve) => socket.once("data", (data: Buffer) => resolve(data)));
    // A frame with "hello", masked with zeros.
    socket.write(Buffer.concat([Buffer.from([0x81, 0x85, 0, 0, 0, 0]), Buffer.from("hello")]));
    expect((await frame).subarray(2).toString()).toBe("hello");
    const closed = new Promise((resolve) => socket.once("close", resolve));
    await sandbox.kill();
    await closed;
  });

  it("is closed where no program of the sandbox listens, whoever else does", async () => {
    const sandbox = await test.create();
    const other = createServer((socket) => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    const port = await new Promise<number>((resolve) => {
      other.listen(0, "127.0.0.1", () => {
        const address = other.address();
        if (address !== null && typeof address !== "string") resolve(address.port);
      });
    });
    const closed = {
      sandboxId: sandbox.sandboxId,
      message: "The sandbox is running but port is not open",
      port,
      code: 502,
    };
    const asProgram = answerTo(test, sandbox, port);
    const asPerson = answerTo(test, sandbox, port, { headers: { "User-Agent": "Mozilla/5.0" } });
    const { status, body } = await asProgram;
    expect([status, JSON.parse(body)]).toEqual([502, closed]);
    expect(await asPerson).toMatchObject({
      status: 502,
      headers: { "content-type": "text/html; charset=utf-8" },
      body: expect.stringContaining(`Port ${port} of sandbox ${sandbox.sandboxId}`),
    });
    other.close();
  });

  it("wants the traffic token where public traffic is off, to wake the sandbox too, and gives programs the masked host", async () => {
    const { sandbox, port } = await served({
      network: { allowPublicTraffic: false, maskRequestHost: "localhost:${PORT}" },
      lifecycle: { onTimeout: "pause", autoResume: true },
    });
    const ask = (token: string | undefined) =>
      answerTo(test, sandbox, port, { headers: token === undefined ? {} : { "E2b-Traffic-Access-Token": token } });
    const missing = await ask(undefined);
    expect([missing.status, JSON.parse(missing.body)]).toEqual([
      403,
      {
        sandboxId: sandbox.sandboxId,
        message: "Sandbox is secured with traffic access token. Token header 'e2b-traffic-access-token' is missing",
        code: 403,
      },
    ]);
    const wrong = await ask("x".repeat(32));
    expect([wrong.status, wrong.body]).toEqual([403, expect.stringContaining("is invalid")]);
    expect(sandbox.trafficAccessToken).toMatch(/^\w+$/);
    const right = await ask(sandbox.trafficAccessToken);
    expect(right.status).toBe(201);
    expect(right.body).toContain(`Host: localhost:${port}\r\n`);
    expect(right.body).toContain(`X-Forwarded-Host: ${port}-${sandbox.sandboxId}.e2b.app\r\n`);
    expect(await sandbox.isRunning()).toBe(true);

    await sandbox.pause();
    const refused = await ask(undefined);
    expect([refused.status, refused.body]).toEqual([403, expect.stringContaining("can't be resumed")]);
    expect((await sandbox.getInfo()).state).toBe("paused");
    expect((await ask(sandbox.trafficAccessToken)).status).toBe(201);
    expect((await sandbox.getInfo()).state).toBe("running");
  });
});
