import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { WarmtreeError } from "../../src/errors.ts";
import { execute } from "../../src/facade.ts";
import { createApp, type Service } from "../../src/http/app.ts";
import { INPUT_EXAMPLES } from "../../src/api/examples.ts";
import { policiesSchema, problemSchema } from "../../src/api/schemas.ts";
import { OPERATIONS } from "../../src/ops/registry.ts";
import { templateView } from "../../src/workspace/template-view.ts";
import { endWorkspace, getWorkspace, listWorkspaces, pauseWorkspace } from "../../src/workspace/workspaces.ts";
import type { Caller } from "../../src/workspace/caller.ts";

const BASE = "https://warmtree.example";
const KEY = "wt_key-of-acme";
const KEY_SHA256 = "ded96e4cc00dc55774b14d9e3aeddcccd1448d25055366b185b5d89eb4457d4b";
const SETTINGS = {
  ...env,
  E2B_API_KEY: "e2b_0123456789",
  GITHUB_TOKEN: "ghp_of-the-operator",
  API_KEYS: `acme=${KEY_SHA256}`,
};
const GIT_TOKEN = "ghp_of-the-caller";
const AUTHORIZED = { Authorization: `Bearer ${KEY}` };
const SANDBOX_ID = "s0-4k7m2x9qwe3rty5zpbna";
const WORKSPACE = {
  sandbox_id: SANDBOX_ID,
  repository: "github.com/octo-org/hello",
  state: "bound" as const,
  created_at: "2026-01-02T03:04:05.678Z",
  last_used_at: "2026-01-02T03:04:05.678Z",
};

let logged: string[];

beforeEach(() => {
  logged = [];
  vi.spyOn(console, "error").mockImplementation((line: string) => logged.push(line));
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** Returns a service with the parts that a test expects to be called; all other parts reject. */
function only(parts: Partial<Service>): Service {
  const unreached = () => Promise.reject(new Error("this part of the service was not to be reached"));
  return {
    execute: unreached,
    listWorkspaces: unreached,
    getWorkspace: unreached,
    pauseWorkspace: unreached,
    endWorkspace: unreached,
    templateView: unreached,
    ...parts,
  };
}

/** Sends one request to the app as the runtime would. */
async function send(
  service: Service,
  path: string,
  init: RequestInit = {},
  settings: typeof SETTINGS = SETTINGS,
  context = createExecutionContext(),
): Promise<Response> {
  return createApp(service).fetch(new Request(BASE + path, init), settings, context);
}

const post = (body: BodyInit, headers: Record<string, string> = {}): RequestInit => ({
  method: "POST",
  body,
  headers: { ...AUTHORIZED, "Content-Type": "application/json", ...headers },
});

async function problemOf(response: Response) {
  expect(response.headers.get("Content-Type")).toBe("application/problem+json");
  return problemSchema.parse(await response.json());
}

describe("POST /v1/git/{operation}", () => {
  it("gives the facade the operation, the input and the caller, and the caller the result", async () => {
    const asked: { operation: string; input: unknown; caller: Caller }[] = [];
    const service = only({
      async execute(operation, input, caller) {
        asked.push({ operation, input, caller });
        caller.cost.objectCalls += 1;
        caller.cost.sandboxMs += 8.25;
        return { clean: true };
      },
    });
    const response = await send(service, "/v1/git/status", post('{"sandbox_id":"x"}', { "X-Git-Token": GIT_TOKEN }));
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ clean: true });
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "content-type": "application/json",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "x-request-id": expect.stringMatching(/^[0-9a-f-]{36}$/),
      "server-timing": expect.stringMatching(/^total;dur=\d+\.\d, sandbox;dur=8\.\d, object;desc="1"$/),
    });
    expect(asked).toMatchObject([{ operation: "status", input: { sandbox_id: "x" }, caller: { tenant: "acme" } }]);
    expect(asked[0]?.caller.gitTokens).toEqual(new Map([["https://github.com", GIT_TOKEN]]));
  });

  it("has no token where the caller sent none", async () => {
    const service = only({ execute: async (_operation, _input, caller) => ({ given: "gitTokens" in caller }) });
    expect(await (await send(service, "/v1/git/status", post("{}"))).json()).toEqual({ given: false });
  });

  it("keeps the runtime alive for what the answer does not wait for", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    let done = false;
    const service = only({
      async execute(_operation, _input, caller) {
        caller.waitUntil(promise.then(() => (done = true)));
        return {};
      },
    });
    const context = createExecutionContext();
    const response = await send(service, "/v1/git/pull", post("{}"), SETTINGS, context);
    expect({ status: response.status, done }).toEqual({ status: 200, done: false });
    resolve();
    await waitOnExecutionContext(context);
    expect(done).toBe(true);
  });

  it("answers an error of the facade as its problem", async () => {
    const error = new WarmtreeError("conflict", "Both changed README.md.", {
      work: { pushed: false, tree: "unchanged" },
    });
    const response = await send(only({ execute: () => Promise.reject(error) }), "/v1/git/push", post("{}"));
    expect(response.status).toBe(409);
    expect(await problemOf(response)).toMatchObject({ code: "conflict", work: { pushed: false, tree: "unchanged" } });
  });

  it.each(["", " ", "a b", "ghp_\tx", "x".repeat(1025)])(
    "refuses the git token '%s' without repeating it",
    async (token) => {
      const response = await send(only({}), "/v1/git/pull", post("{}", { "X-Git-Token": token }));
      expect(response.status).toBe(400);
      const problem = await problemOf(response);
      expect(problem.field).toBe("X-Git-Token");
      if (token.trim() !== "") expect(JSON.stringify(problem)).not.toContain(token);
    },
  );

  it("tells nobody what a failure has to do with secrets", async () => {
    const { E2B_API_KEY, GITHUB_TOKEN } = SETTINGS;
    const leaky = new Error(`${GIT_TOKEN} ${GITHUB_TOKEN} ${E2B_API_KEY} ${KEY} Basic ${btoa(`x:${GIT_TOKEN}`)}`);
    const service = only({ execute: () => Promise.reject(leaky) });
    const response = await send(service, "/v1/git/pull", post("{}", { "X-Git-Token": GIT_TOKEN }));
    expect(response.status).toBe(500);
    const told = JSON.stringify([await problemOf(response), ...response.headers, ...logged]);
    expect(logged).toHaveLength(1);
    const secrets = [GIT_TOKEN, GITHUB_TOKEN, E2B_API_KEY, KEY, btoa(`x:${GIT_TOKEN}`)];
    expect(secrets.filter((secret) => told.includes(secret))).toEqual([]);
  });
});

describe("/v1/workspaces", () => {
  const none = new WarmtreeError("workspace_not_found", "There is no such workspace.");

  it("lists", async () => {
    const response = await send(only({ listWorkspaces: async () => [WORKSPACE] }), "/v1/workspaces", {
      headers: AUTHORIZED,
    });
    expect(await response.json()).toEqual({ workspaces: [WORKSPACE] });
    expect(response.headers.get("Cache-Control")).toBe("no-store");
  });

  it("shows, pauses and ends one", async () => {
    const paused: string[] = [];
    const ended: string[] = [];
    const service = only({
      getWorkspace: async (_caller, sandboxId) => (sandboxId === SANDBOX_ID ? WORKSPACE : Promise.reject(none)),
      pauseWorkspace: async ({ tenant }, sandboxId) => void paused.push(`${tenant} ${sandboxId}`),
      endWorkspace: async ({ tenant }, sandboxId) => void ended.push(`${tenant} ${sandboxId}`),
    });
    const path = `/v1/workspaces/${SANDBOX_ID}`;
    expect(await (await send(service, path, { headers: AUTHORIZED })).json()).toEqual(WORKSPACE);
    const response = await send(service, path, { method: "DELETE", headers: AUTHORIZED });
    expect([response.status, await response.text(), response.headers.get("Content-Type")]).toEqual([204, "", null]);
    expect(ended).toEqual([`acme ${SANDBOX_ID}`]);
    expect((await send(service, `${path}/pause`, { method: "POST", headers: AUTHORIZED })).status).toBe(204);
    expect(paused).toEqual([`acme ${SANDBOX_ID}`]);
    expect((await send(service, "/v1/workspaces/other", { headers: AUTHORIZED })).status).toBe(404);
  });
});

describe("/v1/template", () => {
  it("tells what new sandboxes start from, and how the newest build went", async () => {
    const view = {
      name: "base",
      builds_weekly: true,
      newest_build: { version: 1, state: "building" as const, started_at: "2026-01-02T03:04:05Z" },
    };
    const response = await send(only({ templateView: async () => view }), "/v1/template", { headers: AUTHORIZED });
    expect(await response.json()).toEqual(view);
  });
});

describe("/v1/policy", () => {
  it("tells a caller the rules for each host that is allowed, as they apply to its tenant", async () => {
    const POLICY = {
      default: { max_files: 7 },
      tenants: { acme: { hosts: { "git.example": { secrets: "tell" } } }, other: { max_files: 1 } },
    };
    const settings = { ...SETTINGS, ALLOWED_GIT_HOSTS: "github.com, git.example", POLICY: JSON.stringify(POLICY) };
    const response = await send(only({}), "/v1/policy", { headers: AUTHORIZED }, settings);
    expect(policiesSchema.parse(await response.json())).toMatchObject({
      policies: [
        { host: "github.com", max_files: 7, secrets: "refuse", paths: [".github/workflows/**"] },
        { host: "git.example", max_files: 7, secrets: "tell" },
      ],
    });
  });

  it("answers a document that is wrong by its place", async () => {
    const settings = { ...SETTINGS, POLICY: '{"default": {"max_files": "many"}}' };
    const response = await send(only({}), "/v1/policy", { headers: AUTHORIZED }, settings);
    const { code, detail } = await problemOf(response);
    expect([response.status, code]).toEqual([503, "misconfigured"]);
    expect(detail).toContain("POLICY.default.max_files is a text, not a number");
  });
});

describe("the gate", () => {
  const routes: [method: string, path: string][] = [
    ...OPERATIONS.map(({ name }): [string, string] => ["POST", `/v1/git/${name}`]),
    ["POST", "/v1/git/no-such-operation"],
    ["GET", "/v1/workspaces"],
    ["GET", `/v1/workspaces/${SANDBOX_ID}`],
    ["POST", `/v1/workspaces/${SANDBOX_ID}/pause`],
    ["DELETE", `/v1/workspaces/${SANDBOX_ID}`],
    ["GET", "/v1/policy"],
    ["GET", "/v1/template"],
  ];

  it.each(routes)("is before %s %s", async (method, path) => {
    const response = await send(only({}), path, { method, headers: { Authorization: "Bearer wrong" } });
    expect(response.status).toBe(401);
    expect(response.headers.get("WWW-Authenticate")).toBe('Bearer realm="warmtree", error="invalid_token"');
    expect((await problemOf(response)).code).toBe("unauthenticated");
  });

  it("is not before health and the API's description", async () => {
    for (const path of ["/healthz", "/openapi.json"]) expect((await send(only({}), path)).status).toBe(200);
  });

  it("answers a problem that says how to set up keys where there are none", async () => {
    const response = await send(only({}), "/v1/workspaces", { headers: AUTHORIZED }, { ...SETTINGS, API_KEYS: "" });
    expect(response.status).toBe(401);
    expect((await problemOf(response)).detail).toMatch(/npm run key/);
  });
});

/** Used by this test alone. */
const SIGNING_KEY = `MC4CAQAwBQYDK2VwBCIEIE${"A".repeat(42)}`;

describe("GET /healthz", () => {
  it("says ok and the version", async () => {
    expect(await (await send(only({}), "/healthz")).json()).toEqual({
      ok: true,
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      credentials: "env",
      commits: "unsigned",
      sandbox_egress: "open",
    });
  });

  it.each([
    ["sealed", "https://warmtree.example", {}],
    ["open", "https://warmtree.example", { SANDBOX_EGRESS: "open" }],
    ["open", undefined, {}],
  ])("says what sandboxes can connect to: %s at %s", async (sandbox_egress, PUBLIC_URL, settings) => {
    const bindings = { ...SETTINGS, LEASE_KEY: "A".repeat(43), PUBLIC_URL, ...settings };
    const request = new Request("https://warmtree.example/healthz");
    const response = await createApp(only({})).fetch(request, bindings, createExecutionContext());
    expect(await response.json()).toMatchObject({ credentials: "broker", sandbox_egress });
  });

  it.each([
    ["with a key and https", "https://warmtree.example", {}, "broker"],
    ["with a key and an address of its own", "http://127.0.0.1", { PUBLIC_URL: "https://warmtree.example" }, "broker"],
    ["with a key alone", "http://127.0.0.1", {}, "env"],
    ["without a key", "https://warmtree.example", { LEASE_KEY: "" }, "env"],
    ["where the operator says so", "https://warmtree.example", { CREDENTIALS: "env" }, "env"],
  ])("says how credentials reach git: %s", async (_, origin, settings, credentials) => {
    const bindings = { ...SETTINGS, LEASE_KEY: "A".repeat(43), ...settings };
    const request = new Request(`${origin}/healthz`);
    const response = await createApp(only({})).fetch(request, bindings, createExecutionContext());
    expect(await response.json()).toMatchObject({ credentials });
  });

  it("says whether commits are signed", async () => {
    const bindings = { ...SETTINGS, LEASE_KEY: "A".repeat(43), SIGNING_KEY };
    const request = new Request("https://warmtree.example/healthz");
    const response = await createApp(only({})).fetch(request, bindings, createExecutionContext());
    expect(await response.json()).toMatchObject({ credentials: "broker", commits: "signed" });
  });

  it("says what is missing where a broker is asked for", async () => {
    for (const [settings, missing] of [
      [{ CREDENTIALS: "broker" }, "LEASE_KEY"],
      [{ CREDENTIALS: "broker", LEASE_KEY: "A".repeat(43) }, "PUBLIC_URL"],
      [{ SIGNING_KEY }, "LEASE_KEY"],
      [{ SIGNING_KEY, LEASE_KEY: "A".repeat(43), CREDENTIALS: "env" }, "CREDENTIALS"],
      [{ SIGNING_KEY, LEASE_KEY: "A".repeat(43) }, "PUBLIC_URL"],
    ] as const) {
      const bindings = { ...SETTINGS, ...settings };
      const request = new Request("http://127.0.0.1/healthz");
      const response = await createApp(only({})).fetch(request, bindings, createExecutionContext());
      const problem = { status: 503, code: "misconfigured", detail: expect.stringContaining(missing) };
      expect(await response.json()).toMatchObject(problem);
    }
  });

  it.each([
    ["E2B_API_KEY", ""],
    ["API_KEYS", "acme=not-a-hash"],
    ["E2B_API_URL", "not a url"],
    ["GIT_SANDBOX_TIMEOUT", "987654321"],
    ["CREDENTIALS", "vault-of-mine"],
  ])("names %s when it is wrong and never shows it", async (name, value) => {
    for (const [path, init] of [["/healthz"], ["/v1/git/status", post("{}")]] as const) {
      const response = await send(only({}), path, init, { ...SETTINGS, [name]: value });
      expect(response.status).toBe(503);
      const problem = await problemOf(response);
      expect(problem).toMatchObject({ code: "misconfigured", detail: expect.stringContaining(name) });
      if (value !== "") expect(JSON.stringify(problem)).not.toContain(value);
    }
  });
});

describe("what is not there", () => {
  it.each(["/", "/v1", "/v1/git", "/v1/git/", "/v1/git/status/", "/v1/git/status/x", "/v2/git/status", "/%2e%2e/v1"])(
    "%s is 404",
    async (path) => {
      const response = await send(only({}), path, post("{}"));
      expect(response.status).toBe(404);
      expect((await problemOf(response)).code).toBe("not_found");
    },
  );

  it.each([
    ["GET", "/v1/git/status", "POST"],
    ["OPTIONS", "/v1/git/status", "POST"],
    ["POST", "/v1/workspaces", "GET, HEAD"],
    ["PUT", `/v1/workspaces/${SANDBOX_ID}`, "DELETE, GET, HEAD"],
    ["PATCH", "/healthz", "GET, HEAD"],
    ["DELETE", "/openapi.json", "GET, HEAD"],
  ])("%s %s is 405 and tells what is", async (method, path, allow) => {
    const response = await send(only({}), path, { method, headers: AUTHORIZED });
    expect(response.status).toBe(405);
    expect(response.headers.get("Allow")?.split(", ").sort().join(", ")).toBe(allow);
    expect((await problemOf(response)).code).toBe("method_not_allowed");
  });

  it("HEAD is GET without a body", async () => {
    const response = await send(only({}), "/healthz", { method: "HEAD" });
    expect([response.status, await response.text()]).toEqual([200, ""]);
  });
});

describe("any body at all", () => {
  const real: Service = { execute, listWorkspaces, getWorkspace, pauseWorkspace, endWorkspace, templateView };
  const operation = fc.constantFrom(...OPERATIONS.map(({ name }) => name));
  const refused = async (name: string, body: BodyInit) => {
    const response = await send(real, `/v1/git/${name}`, post(body));
    expect(response.status).toBe(400);
    expect((await problemOf(response)).detail).not.toBe("");
  };

  it("that is only bytes is refused as the caller's mistake", async () => {
    await fc.assert(fc.asyncProperty(operation, fc.uint8Array({ maxLength: 200 }), refused));
  });

  it("that is some JSON is refused as the caller's mistake", async () => {
    await fc.assert(fc.asyncProperty(operation, fc.json({ stringUnit: "binary" }), refused));
  });

  it("that has the right fields and wrong values is refused with the name of the field", async () => {
    await fc.assert(
      fc.asyncProperty(operation, fc.jsonValue(), async (name, value) => {
        const field = name === "clone" ? "repo_url" : "sandbox_id";
        const response = await send(real, `/v1/git/${name}`, post(JSON.stringify({ [field]: value })));
        expect(response.status).toBe(400);
        expect((await problemOf(response)).field).toBe(field);
      }),
    );
  });

  it.each(OPERATIONS)("with a field that $name does not have is refused with its name", async ({ name }) => {
    const input = { ...INPUT_EXAMPLES[name], misspelt: true };
    const response = await send(real, `/v1/git/${name}`, post(JSON.stringify(input)));
    expect([response.status, (await problemOf(response)).field]).toEqual([400, "misspelt"]);
  });

  it.each(["rm", "%", "__proto__", "constructor", "CLONE", "status%20", "%00"])("to '%s' is 404", async (name) => {
    const response = await send(real, `/v1/git/${name}`, post("{}"));
    expect([response.status, (await problemOf(response)).code]).toEqual([404, "unknown_operation"]);
  });
});
