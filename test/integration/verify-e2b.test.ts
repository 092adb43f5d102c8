import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { FaultSettings } from "../../scripts/local-e2b/host.ts";
import { type LocalHost, startLocalHost } from "../../scripts/local-e2b/host.ts";
import { only } from "../../scripts/verification/check.ts";
import { runChecks } from "../../scripts/verification/run.ts";
import { E2bScene } from "../../scripts/verify-e2b/scene.ts";
import { E2B_THEMES } from "../../scripts/verify-e2b/themes.ts";
import { controlPlane } from "../../src/e2b/control.ts";
import { tampered, type Tampering, withBody, withHeader, withMembers, withStatus } from "../support/tampered.ts";

const KEY = "the-good-key";

let host: LocalHost;
beforeAll(async () => {
  host = await startLocalHost({ apiKeys: [KEY] });
});
afterEach(() => host.faults.reset());
afterAll(() => host.close());

const config = () => ({ apiKey: KEY, apiUrl: host.url, sandboxUrl: host.url, domain: "e2b.app" });

/** Returns verdicts by the names of checks. */
async function verdicts(text: string, fetcher?: typeof fetch): Promise<Record<string, string>> {
  const scene = new E2bScene(config(), "base", fetcher);
  const rows = await runChecks(only(E2B_THEMES, text), scene, () => undefined);
  host.faults.reset();
  const honest = controlPlane(config());
  const left = await honest.list({ metadata: scene.mark, states: ["running", "paused"] });
  for (const { sandboxId } of left) await honest.kill(sandboxId);
  return Object.fromEntries(rows.map(({ theme, name, verdict }) => [`${theme}: ${name}`, verdict]));
}

test("on the local sandbox host every fact holds, and nothing is left", async () => {
  const all = await verdicts("");
  const others = Object.entries(all).filter(([, verdict]) => verdict !== "ok");
  expect(others).toEqual([["limits: 429", "not checked"]]);
  expect(Object.keys(all).length).toBeGreaterThan(45);
  expect(host.account().filter(({ state }) => state !== "killed")).toEqual([]);
});

describe("a fault of the host is found by the right check", () => {
  test.each<[string, FaultSettings, string]>([
    ["a run is cut", { longestRunS: 100 }, "time: setTimeout"],
    ["streams break", { cutStreams: { count: 100, afterEvents: 2 } }, "processes: stream"],
    [
      "files are not taken",
      { sandboxErrors: { count: 100, status: 500, route: "POST /files" } },
      "input: upload of bytes",
    ],
    ["nothing is made", { controlErrors: { count: 1, status: 500 } }, "making sandboxes: create, v2"],
    [
      "sandboxes refuse",
      { sandboxErrors: { count: 1, status: 502, route: "GET /health" } },
      "reaching a sandbox: health",
    ],
  ])("%s", async (_, faults, name) => {
    host.faults.set(faults);
    expect(await verdicts(name)).toEqual({ [name]: "differs" });
  });

  test.each<[string, number | undefined, string]>([
    ["a 429 that says when", 0, "ok"],
    ["a 429 that does not", undefined, "differs"],
  ])("%s", async (_, retryAfterS, verdict) => {
    host.faults.set({ controlErrors: { count: 1, status: 429, ...(retryAfterS !== undefined && { retryAfterS }) } });
    const themes = [...only(E2B_THEMES, "looking: get"), ...only(E2B_THEMES, "limits: 429")];
    const rows = await runChecks(themes, new E2bScene(config(), "base"), () => undefined);
    expect(rows.map((row) => row.verdict)).toEqual(["ok", verdict]);
  });
});

test("who answers {} to everything passes no check", async () => {
  const all = await verdicts("", tampered({ on: /./, instead: () => Response.json({}) }));
  expect(Object.entries(all).filter(([, verdict]) => verdict !== "differs")).toEqual([["limits: 429", "not checked"]]);
});

const GONE = (_: unknown, { status }: Response) => Response.json({ code: status, message: "gone" }, { status });

/** Reads a body to its end before it is sent on, as a buffering proxy does. */
const whole = async (init: RequestInit) => ({ ...init, body: await new Response(init.body ?? null).arrayBuffer() });

describe("an answer that is another is found by the right check", () => {
  test.concurrent.each<[name: string, Tampering, verdict?: string]>([
    ["errors: bad key", { on: /limit=1 $/, answer: withStatus(403) }],
    ["errors: no such sandbox", { on: /i00000/, answer: (error) => Response.json({ error }, { status: 404 }) }],
    ["errors: no such route", { on: /no-such-route/, answer: withStatus(400) }],
    ["errors: no such template", { on: /^POST .*\/sandboxes /, answer: withStatus(500) }],
    ["making sandboxes: create, v2", { on: /^POST \/v2\/sandboxes /, answer: withMembers({ envdAccessToken: null }) }],
    ["making sandboxes: create, v2", { on: /^POST \/v2\/sandboxes /, answer: withStatus(404) }, "not offered"],
    ["making sandboxes: create, v1", { on: /^POST \/sandboxes /, answer: withStatus(200) }],
    ["making sandboxes: envd's version", { on: /^POST \/v2/, answer: withMembers({ envdVersion: "new" }) }],
    [
      "making sandboxes: envd's version",
      { on: /^POST \/v2/, answer: withMembers({ envdVersion: "0.5.6" }) },
      "not offered",
    ],
    ["making sandboxes: environment", { on: /^POST \/v2/, ask: withBody("envVars", "environment") }],
    ["looking: get", { on: /^GET \/sandboxes/, answer: withMembers({ metadata: {} }) }],
    ["looking: list by metadata", { on: /^GET \/v2/, ask: (init, url) => (url.searchParams.delete("metadata"), init) }],
    ["looking: pages", { on: /^GET \/v2/, answer: (body) => Response.json(body) }],
    ["looking: what is gone", { on: /^DELETE/, answer: withStatus(204) }],
    ["time: end of a new sandbox", { on: /^GET \/sandboxes/, answer: withMembers({ endAt: "2030-01-01T00:00:00Z" }) }],
    [
      "time: connect to a running one",
      { on: /^GET/, after: 1, answer: withMembers({ endAt: "2026-01-01T00:00:00Z" }) },
    ],
    ["time: end, with autoPause", { on: /^POST \/v2/, ask: withBody('"autoPause":true', '"autoPause":false') }],
    ["time: end, without autoPause", { on: /^POST \/v2/, ask: withBody('"autoPause":false', '"autoPause":true') }],
    ["pausing: pause", { on: /^POST .*\/pause/, answer: withStatus(204) }],
    ["pausing: setTimeout of a paused one", { on: /\/timeout/, answer: withStatus(204) }],
    ["pausing: resume", { on: /^GET \/sandboxes/, answer: withMembers({ state: "paused" }) }],
    ["pausing: kill of a paused one", { on: /^DELETE/, instead: () => new Response(null, { status: 204 }) }],
    ["reaching a sandbox: access token", { on: /Process\/Start/, answer: withStatus(200) }],
    ["reaching a sandbox: paused", { on: /Process\/Start/, answer: GONE }],
    ["reaching a sandbox: no server at a port", { on: /^GET \/ /, answer: GONE }],
    ["reaching a sandbox: no such folder", { on: /Process\/Start/, ask: withBody("/none", "/home") }],
    ["sealing: one host alone", { on: /^POST \/v2\/sandboxes /, ask: withBody('"network"', '"other"') }],
    ["sealing: one host alone", { on: /^GET \/sandboxes/, after: 1, answer: withMembers({ network: {} }) }],
    ["sealing: one host alone", { on: /^POST \/v2\/sandboxes /, answer: withStatus(501) }, "not offered"],
    ["processes: stream", { on: /Process\/Start/, ask: withBody("echo err >&2", "echo err   ;") }],
    ["processes: output", { on: /Process\/Start/, ask: withBody("| tee", "| rev") }],
    ["processes: keepalive", { on: /Process\/Start/, ask: withHeader("keepalive-ping-interval") }],
    ["processes: deadline", { on: /Process\/Start/, ask: withHeader("connect-timeout-ms") }],
    ["processes: signal", { on: /SendSignal/, answer: withStatus(200) }],
    ["input: no stdin", { on: /Process\/Start/, ask: withBody('"stdin":false', '"stdin":true ') }],
    ["input: stdin and CloseStdin", { on: /CloseStdin/, instead: () => Response.json({}) }],
    ["input: upload of bytes", { on: /^POST \/files/, answer: () => Response.json([{ path: "/elsewhere" }]) }],
    ["input: upload as a form", { on: /^POST \/files/, ask: withHeader("content-type", "application/octet-stream") }],
    ["input: upload that is read as it comes", { on: /^POST \/files/, ask: whole }, "not offered"],
    ["snapshots: take, and start from it", { on: /\/snapshots/, answer: withMembers({ snapshotID: "base" }) }],
    ["snapshots: take, and start from it", { on: /\/snapshots/, answer: withStatus(405) }, "not offered"],
    ["snapshots: delete", { on: /^DELETE \/templates/, answer: withStatus(204) }],
    ["templates: build", { on: /\/status/, answer: withMembers({ status: "ready" }) }],
    ["templates: build that fails", { on: /\/status/, answer: withMembers({ status: "ready" }) }],
    ["limits: the end", { on: /^GET \/v2/, answer: () => Response.json({}) }],
  ])("%s", async (name, tampering, verdict = "differs") => {
    expect((await verdicts(name))[name]).toBe("ok");
    expect((await verdicts(name, tampered(tampering)))[name]).toBe(verdict);
  });
});
