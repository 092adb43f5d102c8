import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { WarmtreeError } from "../../src/errors.ts";
import { answer } from "../../src/http/answer.ts";
import { createApp, type Service } from "../../src/http/app.ts";

const KEY = "wt_key-of-acme";
const SETTINGS = {
  ...env,
  E2B_API_KEY: "e2b_0123456789abcdef",
  GITHUB_TOKEN: "ghp_of-the-operator",
  METRICS_KEY: "a-key-of-the-scraper's-own",
  OPERATOR_KEY: "a-key-of-the-operator's-own",
  LEASE_KEY: `${"A".repeat(42)}E=,${"B".repeat(42)}E=`,
  API_KEYS: "acme=ded96e4cc00dc55774b14d9e3aeddcccd1448d25055366b185b5d89eb4457d4b",
  ALLOWED_GIT_HOSTS: "github.com,git.example:8443",
};
const TOKENS = ["ghp_of-the-caller-9f8e", "glpat-of-the-caller-7d6c"];
const HEADERS = {
  Authorization: `Bearer ${KEY}`,
  "X-Git-Token": `github.com=${TOKENS[0]}, git.example:8443=${TOKENS[1]}`,
  "Content-Type": "application/json",
};
const { E2B_API_KEY, GITHUB_TOKEN, METRICS_KEY, OPERATOR_KEY } = SETTINGS;
const SECRETS = [
  ...SETTINGS.LEASE_KEY.split(","),
  E2B_API_KEY,
  GITHUB_TOKEN,
  METRICS_KEY,
  OPERATOR_KEY,
  KEY,
  ...TOKENS,
];
const FORMS = SECRETS.flatMap((secret) => [secret, btoa(`x-access-token:${secret}`), encodeURIComponent(secret)]);

/** The rest of those texts after redaction: the user that git sends with a token is no secret. */
const REDACTED = SECRETS.flatMap(() => ["[redacted]", `${btoa("x-access-token:")}[redacted]`, "[redacted]"]);

/** Texts that are no secrets, though they look like one or are in the settings. */
const ORDINARY = "github.com git.example:8443 acme base Bearer of-good-news Basic Q2F0cw== \u001b[1m \u202e \n\t";

const BINARY = new TextEncoder();
const unreached = () => Promise.reject(new Error("this part of the service was not to be reached"));
const service: Service = {
  execute: async (operation) => {
    if (operation === "push") throw new WarmtreeError("push_rejected", `It said ${FORMS.join(" ")} ${ORDINARY}`);
    return operation === "log" ? { said: ORDINARY } : { said: `${ORDINARY}${FORMS.join(" ")}`, [FORMS.join(" ")]: 1 };
  },
  listWorkspaces: unreached,
  getWorkspace: unreached,
  pauseWorkspace: unreached,
  endWorkspace: async () => undefined,
  templateView: unreached,
};

const app = createApp(service);
beforeAll(() => {
  app.get("/header", () => answer({}, { headers: { "Server-Timing": `total;desc="${TOKENS[0]}"` } }));
  app.get(
    "/text",
    () => new Response(`metric{host="${TOKENS[1]}"} 1\n`, { headers: { "Content-Type": "text/plain" } }),
  );
  app.get("/not-json", () => new Response(`{"said":${TOKENS[1]}`, { headers: { "Content-Type": "text/html" } }));
  app.get("/events", () => {
    const events = `: still here\n\nevent: message\ndata: ${JSON.stringify({ said: FORMS, kept: ORDINARY })}\n\ndata: {}\n\n`;
    const bytes = BINARY.encode(events);
    const body = new ReadableStream({
      pull(controller) {
        for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
        controller.close();
      },
    });
    return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
  });
});

const send = async (path: string, method = "GET") => {
  const init = { method, headers: HEADERS, ...(method === "POST" && { body: "{}" }) };
  return app.fetch(new Request(`https://warmtree.example${path}`, init), SETTINGS, createExecutionContext());
};
const held = (text: string) => FORMS.filter((form) => text.includes(form));

describe("no answer holds a secret of the call or of the settings", () => {
  it("in a result, whose names and texts are otherwise as they were", async () => {
    const text = await (await send("/v1/git/status", "POST")).text();
    expect(held(text)).toEqual([]);
    expect(JSON.parse(text)).toEqual({ said: ORDINARY + REDACTED.join(" "), [REDACTED.join(" ")]: 1 });
  });

  it("in an error, which says nothing of the shape of a credential either", async () => {
    const response = await send("/v1/git/push", "POST");
    const text = await response.text();
    expect([response.status, held(text)]).toEqual([409, []]);
    expect(JSON.parse(text)).toMatchObject({
      detail: expect.stringMatching(
        /github\.com git\.example:8443 acme base Bearer \[redacted\] Basic \[redacted\] {3}\n\t$/,
      ),
    });
  });

  it("in a header", async () => {
    expect((await send("/header")).headers.get("Server-Timing")).toBe('total;desc="[redacted]"');
  });

  it.each(["/text", "/not-json"])("in what is not JSON: %s", async (path) => {
    const text = await (await send(path)).text();
    expect([held(text), text.includes("[redacted]")]).toEqual([[], true]);
  });

  it("in a stream of events, however it comes", async () => {
    const text = await (await send("/events")).text();
    const [comment, event, last, end] = text.split("\n\n");
    expect([comment, last, end]).toEqual([": still here", "data: {}", ""]);
    const [name, data = ""] = event?.split("\ndata: ") ?? [];
    expect(name).toBe("event: message");
    expect(JSON.parse(data)).toEqual({ said: REDACTED, kept: ORDINARY });
  });
});

describe("every other answer is what it was", () => {
  it("a result without secrets, to the byte", async () => {
    const response = await send("/v1/git/log", "POST");
    expect(await response.text()).toBe(JSON.stringify({ said: ORDINARY }));
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "content-type": "application/json",
      "cache-control": "no-store",
      "server-timing": expect.stringContaining("total;dur="),
    });
  });

  it("one without a body", async () => {
    const response = await send("/v1/workspaces/s0-4k7m2x9qwe3rty5zpbna", "DELETE");
    expect([response.status, response.body]).toEqual([204, null]);
    const head = await send("/healthz", "HEAD");
    expect([head.status, await head.text()]).toEqual([200, ""]);
  });

  it("a route that is not there", async () => {
    const missing = await send("/nowhere");
    const wrong = await send("/healthz", "DELETE");
    expect([missing.status, wrong.status, wrong.headers.get("Allow")]).toEqual([404, 405, "GET, HEAD"]);
  });
});
