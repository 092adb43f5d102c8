import { afterEach, beforeEach, describe, expect, it, onTestFinished, test, vi } from "vitest";
import { controlPlane } from "../../src/e2b/control.ts";
import type { ControlPlane } from "../../src/e2b/control.ts";
import { API_KEY, e2bError, empty, hangUp, json, silence, startWireServer } from "./wire-server.ts";
import type { WireServer } from "./wire-server.ts";

const ID = "itest0123456789abcdef";
const made = {
  sandboxID: ID,
  templateID: "base",
  clientID: "x",
  envdVersion: "0.6.13",
  envdAccessToken: "tok",
  domain: null,
};
const request = { template: "base", timeoutS: 300, metadata: { pool: "warm" }, autoPause: true };
const detail = {
  ...made,
  state: "paused",
  startedAt: "2026-11-23T12:00:00.123456789Z",
  endAt: "2026-11-23T13:00:00Z",
  metadata: { pool: "warm" },
  cpuCount: 2,
};

let server: WireServer;
let plane: ControlPlane;

beforeEach(async () => {
  server = await startWireServer();
  plane = controlPlane(server.config);
  vi.spyOn(Math, "random").mockReturnValue(0); // Retries come at once: other tests check their delays.
});

afterEach(async () => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  await server.close();
});

function asked(): string[] {
  return server.requests.map(({ method, url }) => `${method} ${url}`);
}

it("ends a sandbox whose envd is too old, and names the template", async () => {
  server.answer(json(201, { ...made, envdVersion: "0.0.9" }), empty(204));
  expect(await e2bError(plane.create(request))).toMatchObject({
    code: "invalid_request",
    message: expect.stringContaining("Template base has envd 0.0.9"),
  });
  expect(asked()).toEqual(["POST /v2/sandboxes", `DELETE /sandboxes/${ID}`]);
});

test("the hosts that a sandbox may connect to are set anew, or all are open to it", async () => {
  server.answer(empty(204), empty(204));
  await plane.seal(ID, "warmtree.example");
  await plane.seal(ID, undefined);
  expect(asked()).toEqual([`PUT /sandboxes/${ID}/network`, `PUT /sandboxes/${ID}/network`]);
  expect(server.requests.map(({ body }) => JSON.parse(body.toString()))).toEqual([
    { allowOut: ["warmtree.example"], denyOut: ["0.0.0.0/0"] },
    { allowOut: [], denyOut: [] },
  ]);
});

describe("a server without the newest routes", () => {
  const noRoute = [
    json(404, { code: 404, message: "no such route" }),
    json(405, { code: 405, message: "no" }),
  ] as const;

  it.each(noRoute)("is asked by the first version's, once that is known only by those", async (answer) => {
    server.answer(answer, json(201, made), json(201, made), json(200, made));
    await plane.create(request);
    await plane.create(request);
    await plane.connect(ID, 60);
    expect(asked()).toEqual([
      "POST /v2/sandboxes",
      "POST /sandboxes",
      "POST /sandboxes",
      `POST /sandboxes/${ID}/connect`,
    ]);
    expect(JSON.parse(server.requests[1]?.body.toString() ?? "")).toEqual({
      templateID: "base",
      timeout: 300,
      metadata: { pool: "warm" },
      autoPause: true,
      secure: true,
    });
  });

  it("is not thought of where the newest ones have answered: what is gone is asked for once", async () => {
    server.answer(json(201, made), json(404, { code: 404, message: "gone" }));
    await plane.create(request);
    expect(await e2bError(plane.connect(ID, 60))).toMatchObject({ code: "not_found" });
    expect(asked()).toEqual(["POST /v2/sandboxes", `POST /v2/sandboxes/${ID}/connect`]);
  });

  it("leaves what it is unknown where neither version finds anything", async () => {
    const gone = json(404, { code: 404, message: "template 'x' not found" });
    server.answer(gone, gone, json(201, made));
    expect(await e2bError(plane.create(request))).toMatchObject({ code: "not_found", started: false });
    await plane.create(request);
    expect(asked()).toEqual(["POST /v2/sandboxes", "POST /sandboxes", "POST /v2/sandboxes"]);
  });
});

describe("create", () => {
  it("sends the request and reads the session", async () => {
    server.answer(json(201, made));
    expect(await plane.create({ ...request, envs: { A: "1" } })).toEqual({
      sandboxId: ID,
      envdVersion: "0.6.13",
      accessToken: "tok",
    });
    expect(asked()).toEqual(["POST /v2/sandboxes"]);
    expect(server.requests[0]?.headers).toMatchObject({ "x-api-key": API_KEY, "content-type": "application/json" });
    expect(JSON.parse(server.requests[0]?.body.toString() ?? "")).toEqual({
      templateID: "base",
      timeout: 300,
      metadata: { pool: "warm" },
      envVars: { A: "1" },
      autoPause: true,
    });
  });

  it("lets a sandbox connect to one host alone", async () => {
    server.answer(json(201, made), json(404, { code: 404, message: "no such route" }), json(201, made));
    await plane.create({ ...request, sealedTo: "warmtree.example" });
    await controlPlane(server.config).create({ ...request, sealedTo: "warmtree.example" });
    expect(asked()).toEqual(["POST /v2/sandboxes", "POST /v2/sandboxes", "POST /sandboxes"]);
    const network = { allowOut: ["warmtree.example"], denyOut: ["0.0.0.0/0"] };
    for (const { body } of server.requests) expect(JSON.parse(body.toString())).toMatchObject({ network });
  });

  it("finds its path below a base URL that ends in a slash", async () => {
    server.answer(json(201, made));
    await controlPlane({ ...server.config, apiUrl: `${server.url}/` }).create(request);
    expect(asked()).toEqual(["POST /v2/sandboxes"]);
  });

  it("is repeated after 429, which made nothing", async () => {
    const limited = json(429, { code: 429, message: "Rate limit exceeded" }, { "retry-after": "0" });
    server.answer(limited, limited, json(201, made));
    expect((await plane.create(request)).sandboxId).toBe(ID);
    expect(server.requests).toHaveLength(3);
  });

  it.each([
    ["500", json(500, { code: 500, message: "Failed to create sandbox" }), "unavailable"],
    ["a dropped connection", hangUp, "unavailable"],
    ["an answer of another shape", json(201, { sandboxID: ID }), "protocol"],
  ] as const)("is not repeated after %s, which may have made one", async (_name, answer, code) => {
    server.answer(answer, json(201, made));
    expect(await e2bError(plane.create(request))).toMatchObject({ code, started: true });
    expect(server.requests).toHaveLength(1);
  });

  it("names the field of an answer that it cannot use", async () => {
    server.answer(json(201, { ...made, sandboxID: "../../escape" }));
    expect((await e2bError(plane.create(request))).message).toContain('at "sandboxID"');
  });

  it("gives up when E2B hangs, and says that a sandbox may exist", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    server.answer(silence);
    const arrived = server.nextRequest();
    const failure = e2bError(plane.create(request));
    await arrived;
    await vi.advanceTimersByTimeAsync(75_000);
    expect(await failure).toMatchObject({ code: "timeout", started: true });
  });
});

describe("connect", () => {
  it.each([200, 201])("reads the session of HTTP %i", async (status) => {
    server.answer(json(status, { ...made, domain: "e2b.dev" }));
    expect(await plane.connect(ID, 600)).toEqual({
      sandboxId: ID,
      envdVersion: "0.6.13",
      accessToken: "tok",
      domain: "e2b.dev",
    });
    expect(asked()).toEqual([`POST /v2/sandboxes/${ID}/connect`]);
    expect(JSON.parse(server.requests[0]?.body.toString() ?? "")).toEqual({ timeout: 600 });
  });

  it("is repeated after a passing failure", async () => {
    server.answer(json(503, { code: 503, message: "busy" }), hangUp, json(200, made));
    expect((await plane.connect(ID, 600)).sandboxId).toBe(ID);
  });

  it("tells a sandbox that is gone", async () => {
    const gone = json(404, { code: 404, message: `Sandbox "${ID}" doesn't exist` });
    server.answer(gone, gone);
    expect(await e2bError(plane.connect(ID, 600))).toMatchObject({ code: "not_found", started: false, status: 404 });
  });
});

describe("get", () => {
  it("reads what is needed to reach the sandbox without waking it", async () => {
    server.answer(json(200, detail));
    expect(await plane.get(ID)).toEqual({
      sandboxId: ID,
      templateId: "base",
      state: "paused",
      startedAtMs: Date.parse("2026-11-23T12:00:00.123Z"),
      endAtMs: Date.parse("2026-11-23T13:00:00Z"),
      metadata: { pool: "warm" },
      envdVersion: "0.6.13",
      accessToken: "tok",
    });
  });

  it.each(["../volumes", "a/b", "", "UPPER", "a?b"])("does not ask for the id %j", async (id) => {
    expect(await e2bError(plane.get(id))).toMatchObject({ code: "invalid_request", started: false });
    expect(server.requests).toEqual([]);
  });
});

describe("list", () => {
  it("follows the pages and encodes the filter as E2B decodes it", async () => {
    server.answer(json(200, [detail], { "x-next-token": "to/ken" }), json(200, [{ ...detail, sandboxID: "iother" }]));
    const found = await plane.list({ metadata: { a: "b c", "k&": "é=+" }, states: ["running", "paused"] });
    expect(found.map(({ sandboxId }) => sandboxId)).toEqual([ID, "iother"]);
    expect(server.requests.map(({ method }) => method)).toEqual(["GET", "GET"]);
    const [first, second] = server.requests.map(({ url }) => new URL(url, server.url));
    expect(first?.search).toContain("metadata=a%3Db%252520c%26");
    expect(first?.search).toContain("state=running,paused");
    expect(decodeFilter(first)).toEqual({ a: "b c", "k&": "é=+" });
    expect(second?.searchParams.get("nextToken")).toBe("to/ken");
    expect(decodeFilter(second)).toEqual({ a: "b c", "k&": "é=+" });
  });

  it("leaves the filter out when there is none: E2B refuses an empty one", async () => {
    server.answer(json(200, []));
    expect(await plane.list({ metadata: {}, states: ["running"] })).toEqual([]);
    expect(server.requests[0]?.url).toBe("/v2/sandboxes?limit=100&state=running");
  });

  it("fails rather than give half of a list that has no end", async () => {
    server.answer(...Array.from({ length: 201 }, () => json(200, [], { "x-next-token": "again" })));
    expect(await e2bError(plane.list({ metadata: {}, states: ["running"] }))).toMatchObject({ code: "protocol" });
    expect(server.requests).toHaveLength(200);
  });
});

/** Decodes the filter as E2B's API does: the query parameter, the query in it, then each name and value. */
function decodeFilter(url: URL | undefined): Record<string, string> {
  const filter = decodeURIComponent(url?.searchParams.get("metadata") ?? "");
  const pairs = filter.split("&").map((pair) => pair.split("=").map((part) => decodeURIComponent(part)));
  return Object.fromEntries(pairs.map(([name = "", value = ""]) => [name, value]));
}

describe("setTimeout, kill and pause", () => {
  it("send what E2B expects", async () => {
    server.answer(empty(204), empty(204), empty(204));
    await plane.setTimeout(ID, 60);
    expect(await plane.pause(ID)).toBe("paused");
    expect(await plane.kill(ID)).toBe(true);
    expect(asked()).toEqual([
      `POST /sandboxes/${ID}/timeout`,
      `POST /sandboxes/${ID}/pause`,
      `DELETE /sandboxes/${ID}`,
    ]);
    expect(server.requests.map(({ body }) => body.toString())).toEqual(['{"timeout":60}', "{}", ""]);
  });

  it("kill says when the sandbox was gone already", async () => {
    server.answer(json(404, { code: 404, message: "gone" }));
    expect(await plane.kill(ID)).toBe(false);
  });

  it("kill does not take a failure for success", async () => {
    server.answer(json(401, { code: 401, message: "bad key" }));
    expect(await e2bError(plane.kill(ID))).toMatchObject({ code: "unauthenticated", started: false });
  });

  it("pause tells paused already from being killed, which E2B answers alike", async () => {
    const conflict = json(409, { code: 409, message: "cannot" });
    server.answer(conflict, json(200, detail));
    expect(await plane.pause(ID)).toBe("already_paused");
    server.answer(conflict, json(200, { ...detail, state: "running" }));
    expect(await e2bError(plane.pause(ID))).toMatchObject({ code: "conflict" });
  });
});

describe("the key", () => {
  it("does not follow a redirect", async () => {
    const other = await startWireServer();
    onTestFinished(() => other.close());
    server.answer(empty(307, { location: `${other.url}/v2/sandboxes` }));
    expect(await e2bError(plane.create(request))).toMatchObject({ code: "protocol", started: false, status: 307 });
    expect(other.requests).toEqual([]);
  });

  it("is in no error, though the server echoes it or the runtime quotes it", async () => {
    server.answer(json(400, { code: 400, message: `no such key: ${API_KEY}` }));
    const echoed = await e2bError(plane.kill(ID));
    expect(echoed.message).toContain("no such key");
    expect(JSON.stringify(echoed) + String(echoed.stack)).not.toContain(API_KEY);

    const malformed = controlPlane({ ...server.config, apiKey: "secret\nkey" });
    const quoted = await e2bError(malformed.create(request));
    expect(JSON.stringify(quoted) + String(quoted.stack)).not.toContain("secret\nkey");
  });
});

describe("an E2B that cannot be reached", () => {
  it("is tried again, then named with its reason", async () => {
    const { url } = server;
    await server.close();
    const error = await e2bError(controlPlane({ ...server.config, apiUrl: url }).get(ID));
    expect(error).toMatchObject({ code: "unavailable", started: true });
    expect(error.message).toContain("ECONNREFUSED");
  });

  it("does not fill the memory with an endless answer", async () => {
    server.answer((response) => {
      response.writeHead(200, { "content-type": "application/json" });
      const more = (): void => {
        while (!response.destroyed && response.write("x".repeat(65_536)));
      };
      response.on("drain", more);
      more();
    });
    expect(await e2bError(plane.get(ID))).toMatchObject({ code: "protocol" });
  });
});
