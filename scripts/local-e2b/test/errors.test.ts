import { get } from "node:http";
import { RateLimitError, type Sandbox } from "e2b";
import { beforeAll, describe, expect, it } from "vitest";
import * as z from "zod/v4";
import { envdToken, failure, json, useHost } from "./support.ts";

const test = useHost({ maxRunning: 1 });
let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await test.create();
});

describe("the control plane", () => {
  it.each([
    ["GET", "/v2/sandboxes?limit=0", undefined, 400, /^limit: /],
    ["GET", "/v2/sandboxes?state=asleep", undefined, 400, /^state: /],
    ["POST", "/v2/sandboxes", {}, 400, /^templateID: /],
    ["POST", "/v2/sandboxes", { templateID: "base", envVars: { A: 1 } }, 400, /^envVars\.A: /],
    ["POST", "/v2/sandboxes", { templateID: "nope" }, 404, /template 'nope' not found/],
    ["POST", "/v2/sandboxes", { templateID: "base", volumeMounts: [{}] }, 501, /^volumeMounts: /],
    ["POST", "/v2/sandboxes/iunknown/connect", {}, 404, /Sandbox "iunknown" doesn't exist/],
    ["POST", "/sandboxes/iunknown/connect", {}, 400, /^timeout: /],
    ["DELETE", "/templates/base", undefined, 403, /access/],
    ["GET", "/nothing/here", undefined, 404, /no matching operation/],
  ] as const)("answers %s %s with a code and a reason", async (method, path, body, status, message) => {
    const response = await test.control(method, path, body);
    expect(response.status).toBe(status);
    expect(await response.json()).toEqual({ code: status, message: expect.stringMatching(message) });
  });

  it("wants JSON", async () => {
    const headers = { "X-API-KEY": "k" };
    const response = await fetch(`${test.host.url}/v2/sandboxes`, { method: "POST", headers, body: "{not json" });
    expect(await response.json()).toEqual({ code: 400, message: "the request body is not JSON" });
  });

  it("wants a key", async () => {
    const response = await fetch(`${test.host.url}/v2/sandboxes`, { headers: { "X-API-KEY": "" } });
    expect([response.status, await response.json()]).toEqual([401, expect.objectContaining({ code: 401 })]);
  });

  it("allows no more sandboxes than the account has", async () => {
    expect(await failure(test.create())).toBeInstanceOf(RateLimitError);
  });
});

describe("envd", () => {
  const routing = () => ({ "E2b-Sandbox-Id": sandbox.sandboxId, "E2b-Sandbox-Port": "49983" });

  it("answers 502 for a sandbox that is not there, whatever was asked", async () => {
    for (const path of ["/health", "/files?path=x", "/process.Process/List"]) {
      const response = await fetch(test.host.url + path, { headers: { ...routing(), "E2b-Sandbox-Id": "igone" } });
      expect([response.status, await response.json()]).toEqual([
        502,
        { sandboxId: "igone", message: "The sandbox was not found", code: 502 },
      ]);
    }
  });

  it("is found by host name too, and not by half the headers", async () => {
    const headers = { "E2b-Sandbox-Id": sandbox.sandboxId };
    expect((await fetch(`${test.host.url}/health`, { headers })).status).toBe(400);
    const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
    // fetch cannot set a Host header.
    const host = { Host: `49983-${sandbox.sandboxId}.e2b.app` };
    get(`${test.host.url}/health`, { headers: host }, (response) => resolve(response.resume().statusCode)).on(
      "error",
      reject,
    );
    expect(await promise).toBe(204);
  });

  it("does not answer to other names", async () => {
    const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
    const headers = { Host: "evil.example", "X-API-KEY": "k" };
    get(`${test.host.url}/v2/sandboxes`, { headers }, (response) => resolve(response.resume().statusCode)).on(
      "error",
      reject,
    );
    expect(await promise).toBe(403);
  });

  it("tells what is wrong with a message", async () => {
    const rpc = async (name: string, message: object) => {
      const response = await fetch(`${test.host.url}/process.Process/${name}`, {
        method: "POST",
        headers: { ...routing(), "Content-Type": "application/json", "X-Access-Token": await envdToken(test, sandbox) },
        body: JSON.stringify(message),
      });
      return [response.status, (await json(response, z.object({ code: z.string() }))).code];
    };
    expect(await rpc("SendSignal", { process: { pid: 999_999 }, signal: "SIGNAL_SIGKILL" })).toEqual([
      404,
      "not_found",
    ]);
    expect(await rpc("SendSignal", { process: { tag: "none" }, signal: "SIGNAL_SIGKILL" })).toEqual([404, "not_found"]);
    expect(await rpc("SendSignal", { process: { pid: 1 }, signal: "SIGNAL_SIGHUP" })).toEqual([
      400,
      "invalid_argument",
    ]);
    expect(await rpc("SendInput", { process: {} })).toEqual([400, "invalid_argument"]);
  });

  it("speaks JSON only, and says so", async () => {
    const headers = {
      ...routing(),
      "X-Access-Token": await envdToken(test, sandbox),
      "Content-Type": "application/proto",
    };
    const response = await fetch(`${test.host.url}/process.Process/Start`, { method: "POST", headers, body: "" });
    expect([response.status, response.headers.get("accept-post")]).toEqual([415, "application/connect+json"]);
  });
});
