import { auth, Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { SKILLS_LIST_METHOD } from "@modelcontextprotocol/server/ext/skills";
import { request } from "node:http";
import { countTokens as cl100k } from "gpt-tokenizer/encoding/cl100k_base";
import { countTokens as o200k } from "gpt-tokenizer/encoding/o200k_base";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod/v4";
import { type Stack, startStack } from "../../scripts/harness/stack.ts";
import { makeRepository, SAMPLES } from "../../scripts/sample-remote/repositories.ts";
import { connect, ERAS } from "../../scripts/support/mcp-client.ts";
import { SKILL_FILES } from "../../src/mcp/skill.ts";
import { post } from "./mcp-post.ts";

const INSPECTOR = "http://localhost:6274";
const KEY = "wt_key-of-acme";
const KEY_ENTRY = "acme=ded96e4cc00dc55774b14d9e3aeddcccd1448d25055366b185b5d89eb4457d4b";
const LIST = { method: "tools/list" };
const MOST_TOKENS = 10_000;

let stack: Stack;
let url: string;
let repo_url: string;

beforeAll(async () => {
  stack = await startStack();
  url = `${stack.url}/mcp`;
  repo_url = `${stack.git.url}/small.git`;
  await makeRepository(stack.git.root, "small", SAMPLES.small);
});
afterAll(() => stack.close());

const tokens = (text: string) => Math.max(o200k(text), cl100k(text));

describe.each(ERAS)("a client that opens with %s", (era) => {
  test("gets every list", async () => {
    const { client } = await connect(url, era);
    const { resources } = await client.listResources();
    expect(resources.map(({ uri }) => uri)).toEqual(["skill://warmtree/SKILL.md"]);
    expect((await client.listPrompts()).prompts).toEqual([]);
    const { resourceTemplates } = await client.listResourceTemplates();
    expect(resourceTemplates.map(({ uriTemplate }) => uriTemplate)).toEqual(["skill://{+path}"]);
  });

  test("reads the skill, file by file", async () => {
    const { client } = await connect(url, era);
    for (const [path, text] of Object.entries(SKILL_FILES)) {
      const { contents } = await client.readResource({ uri: `skill://warmtree/${path}` });
      expect(contents).toMatchObject([{ text }]);
    }
    const listed = await client.request({ method: SKILLS_LIST_METHOD, params: {} }, z.looseObject({}));
    expect(listed).toMatchObject({ skills: [{ uri: "skill://warmtree/SKILL.md" }] });
    await expect(client.readResource({ uri: "skill://warmtree/other.md" })).rejects.toThrow(/not found/i);
  });
});

/** Sends a request without an Accept header, as some programs do; fetch always sets one. */
const plainPost = (body: object, headers: Readonly<Record<string, string>> = {}) =>
  new Promise<{ type: string | undefined; text: string }>((resolve, reject) => {
    const given = { "content-type": "application/json", authorization: "Bearer dev", ...headers };
    const sent = request(url, { method: "POST", headers: given });
    sent.on("error", reject).on("response", (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (part: string) => (text += part));
      answer.on("end", () => resolve({ type: answer.headers["content-type"], text }));
    });
    sent.end(JSON.stringify({ jsonrpc: "2.0", id: 1, ...body }));
  });

test.each([{}, { accept: "application/json" }, { accept: "*/*" }])(
  "who asks for no stream gets JSON: %j",
  async (headers) => {
    // Also with a progress token, although one JSON answer has no place for progress.
    const call = {
      method: "tools/call",
      params: { name: "git_clone", arguments: { repo_url }, _meta: { progressToken: 1 } },
    };
    for (const body of [
      LIST,
      {
        method: "initialize",
        params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "c", version: "1" } },
      },
      call,
    ]) {
      const { type, text } = await plainPost(body, headers);
      expect(type).toMatch(/^application\/json/);
      expect(JSON.parse(text)).toMatchObject({ jsonrpc: "2.0", id: 1, result: expect.any(Object) });
    }
  },
);

test("the address works with a slash at its end", async () => {
  const { client, facts } = await connect(`${url}/`, "2025-11-25");
  expect((await client.listTools()).tools.length).toBeGreaterThan(0);
  expect(await facts("git_clone", { repo_url })).toMatchObject({ base: "main" });
});

describe("a page in a browser", () => {
  const preflight = (origin: string, path = "/mcp") =>
    fetch(stack.url + path, {
      method: "OPTIONS",
      headers: {
        Origin: origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type,mcp-protocol-version",
      },
    });

  test("of an allowed origin may call, with its key and without cookies", async () => {
    for (const path of ["/mcp", "/mcp/", "/v1/git/status", "/v1/workspaces"]) {
      const { status, headers } = await preflight(INSPECTOR, path);
      expect([status, headers.get("Access-Control-Allow-Origin")]).toEqual([204, INSPECTOR]);
      expect(headers.get("Access-Control-Allow-Headers")?.toLowerCase()).toContain("authorization");
      expect(headers.get("Access-Control-Allow-Credentials")).toBeNull();
    }
    const answer = await post(url, LIST, { Origin: INSPECTOR });
    expect([answer.status, answer.headers.get("Access-Control-Allow-Origin")]).toEqual([200, INSPECTOR]);
    const refused = await post(url, LIST, { Origin: INSPECTOR, Authorization: "Bearer wrong" });
    expect([refused.status, refused.headers.get("Access-Control-Allow-Origin")]).toEqual([401, INSPECTOR]);
  });

  test("of another origin may not, nor may one call the operator's routes", async () => {
    for (const origin of ["https://evil.example", "https://claude.ai", "null", "http://localhost:6275"]) {
      expect((await preflight(origin)).headers.get("Access-Control-Allow-Origin")).toBeNull();
    }
    const operator = await preflight(INSPECTOR, "/v1/operator/overview");
    expect(operator.headers.get("Access-Control-Allow-Origin")).toBeNull();
  });
});

describe("a service with keys", () => {
  let keyed: Stack;
  beforeAll(async () => {
    keyed = await startStack({ bindings: { API_KEYS: KEY_ENTRY, ALLOWED_ORIGINS: "https://claude.ai" } });
  });
  afterAll(() => keyed.close());

  test("serves allowed origins wherever they are", async () => {
    const Authorization = `Bearer ${KEY}`;
    const answer = await post(`${keyed.url}/mcp`, LIST, { Authorization, Origin: "https://claude.ai" });
    expect([answer.status, answer.headers.get("Access-Control-Allow-Origin")]).toEqual([200, "https://claude.ai"]);
    const other = await post(`${keyed.url}/mcp`, LIST, { Authorization, Origin: "https://evil.example" });
    expect([other.status, other.headers.get("Access-Control-Allow-Origin")]).toEqual([403, null]);
  });

  /** The client's message; if it opens with the stateless protocol alone, it has its own words. */
  const WORDS = { "2025-11-25": /key refused/i, "2026-07-28": /requires authorization/ } as const;

  test.each(ERAS)("the official client, opening with %s, shows that its key is refused", async (era) => {
    await expect(connect(`${keyed.url}/mcp`, era, { key: "wrong" })).rejects.toThrow(WORDS[era]);
  });

  test("so does a client that tries to sign in next", async () => {
    const nothing = () => undefined;
    const provider = {
      redirectUrl: "http://127.0.0.1:1/callback",
      clientMetadata: { redirect_uris: ["http://127.0.0.1:1/callback"] },
      clientInformation: nothing,
      saveClientInformation: nothing,
      tokens: () => ({ access_token: "wrong", token_type: "Bearer" }),
      saveTokens: nothing,
      redirectToAuthorization: nothing,
      saveCodeVerifier: nothing,
      codeVerifier: () => "",
    };
    await expect(auth(provider, { serverUrl: `${keyed.url}/mcp` })).rejects.toThrow(/key refused/i);
    const transport = new StreamableHTTPClientTransport(new URL(`${keyed.url}/mcp`), { authProvider: provider });
    const client = new Client({ name: "c", version: "1" });
    await expect(client.connect(transport)).rejects.toThrow(/key refused/i);
  });
});

test("yesterday's work is found by a step", async () => {
  const { facts } = await connect(url, "2025-11-25");
  const { sandbox_id } = await facts("git_clone", { repo_url, agent_id: "door", task_id: "yesterday" });
  expect(await facts("git_run", { steps: [{ op: "workspaces" }] })).toMatchObject({
    done: [
      {
        op: "workspaces",
        workspaces: expect.arrayContaining([expect.objectContaining({ sandbox_id, task_id: "yesterday" })]),
      },
    ],
  });
});

describe("answers fit into a model's context", () => {
  const ids = { agent_id: "door", task_id: "long" };
  const lines = (word: string) =>
    Array.from({ length: 1500 }, (_, n) => (n % 30 === 15 ? `${word} ${n} ${"x y ".repeat(40)}` : `line ${n}`)).join(
      "\n",
    );

  test("a conflict of 50 places has the first of them whole, and says that there are more", async () => {
    const { facts, call } = await connect(url, "2025-11-25");
    const { sandbox_id } = await facts("git_clone", { repo_url, ...ids });
    const { sandbox_id: other } = await facts("git_clone", { repo_url, agent_id: "door", task_id: "other" });
    const write = (id: unknown, word: string) =>
      facts("git_edit", { sandbox_id: id, files: [{ path: "long.txt", content: lines(word) }] });
    await write(other, "first");
    await facts("git_push", { sandbox_id: other, message: "long", to: "long" });
    await facts("git_pull", { sandbox_id, from: "long" });
    await write(other, "theirs");
    await facts("git_push", { sandbox_id: other, message: "theirs", to: "long" });
    await write(sandbox_id, "ours");
    const { isError, facts: told, text } = await call("git_push", { sandbox_id, message: "ours", to: "long" });
    expect([isError, told]).toMatchObject([
      true,
      {
        code: "conflict",
        work: { pushed: false },
        cut: expect.stringMatching(/^conflicts: without the last \d+, of long.txt/),
      },
    ]);
    expect(tokens(text)).toBeLessThanOrEqual(MOST_TOKENS);
    expect(tokens(text)).toBeGreaterThan(MOST_TOKENS / 2);
  });

  test("pages of what takes many tokens are smaller, and lead on to the rest", async () => {
    const { facts, call } = await connect(url, "2025-11-25");
    const { sandbox_id } = await facts("git_clone", { repo_url, ...ids });
    const content = Array.from({ length: 4000 }, (_, n) => ((n * 2654435761) % 2 ** 32).toString(36)).join("\n");
    await facts("git_edit", { sandbox_id, files: [{ path: "dense.txt", content }] });
    let read = "";
    for (let cursor: unknown; ;) {
      const { text, facts: page } = await call("git_read", {
        sandbox_id,
        path: "dense.txt",
        ...(cursor === undefined ? {} : { cursor }),
      });
      expect(tokens(text)).toBeLessThanOrEqual(MOST_TOKENS);
      expect(page["cut"]).toBeUndefined();
      read += z.string().parse(page["content"]);
      cursor = page["cursor"];
      if (cursor === undefined) break;
    }
    expect(read).toBe(content);
  });

  test("a long log too, as a tool's step", async () => {
    const { facts, call } = await connect(url, "2025-11-25");
    const { sandbox_id } = await facts("git_clone", { repo_url, ...ids });
    const message = `long\n\n${"some words of a message ".repeat(600)}`;
    const commits = [1, 2, 3, 4].flatMap((n) => [
      { op: "edit", files: [{ path: "a.txt", content: `${n}` }] },
      { op: "push", message },
    ]);
    await facts("git_run", { sandbox_id, steps: commits });
    const { text, facts: told } = await call("git_run", { sandbox_id, steps: [{ op: "log" }, { op: "status" }] });
    expect(tokens(text)).toBeLessThanOrEqual(MOST_TOKENS);
    expect(told).toMatchObject({ done: [{ op: "log" }, { op: "status" }] });
  });
});

test("/llms.txt tells a model how to work, without a key", async () => {
  const answer = await fetch(`${stack.url}/llms.txt`);
  expect(answer.headers.get("Content-Type")).toMatch(/^text\/plain; charset=utf-8/i);
  const text = await answer.text();
  expect(text).toMatch(/^# Warmtree\n\n> /);
  expect(text).toContain("POST /v1/git/clone");
  for (const page of Object.values(SKILL_FILES)) expect(text).toContain(page.trim().split("\n").at(-1));
});
