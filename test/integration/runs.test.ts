import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod/v4";
import { type Stack, startStack } from "../../scripts/harness/stack.ts";
import { makeRepository } from "../../scripts/sample-remote/repositories.ts";
import { newKey } from "../../scripts/support/api-key.ts";
import {
  durableRunSchema,
  runEventsSchema,
  runItemSchema,
  runListSchema,
  runStartedSchema,
} from "../../src/api/run-schemas.ts";
import { workspaceListSchema } from "../../src/api/schemas.ts";
import { readEvents } from "../support/run-events.ts";
import { hostedSandboxes, remoteGit } from "../support/worker.ts";

const TOKEN = "sample-token-of-the-agent";
const NOT_FOUND = { code: "not_found" };
const REPOSITORIES = ["one", "two", "three", "four", "five"];

let stack: Stack;
let repo_url: string;
const mine = newKey("mine");
const theirs = newKey("theirs");
const operator = newKey("operator").key;

beforeAll(async () => {
  const bindings = {
    API_KEYS: `${mine.entry},${theirs.entry}`,
    OPERATOR_KEY: operator,
    E2B_MAX_SANDBOXES: "3",
    GIT_SANDBOX_MAX_RETRIES: "0",
  };
  stack = await startStack({ bindings });
  for (const name of REPOSITORIES) await makeRepository(stack.git.root, name, { files: 5, commits: 3 });
  repo_url = `${stack.git.url}/one.git`;
});
afterAll(() => stack.close());
/** Frees the sandboxes for other tests. */
afterEach(async () => {
  const { workspaces } = workspaceListSchema.parse(await (await ask("GET", "/v1/workspaces")).json());
  for (const { sandbox_id } of workspaces) await ask("DELETE", `/v1/workspaces/${sandbox_id}`);
});

interface Asking {
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function ask(method: string, path: string, body?: object, { key = mine.key, headers = {} }: Asking = {}) {
  const all = { Authorization: `Bearer ${key}`, "Content-Type": "application/json", ...headers };
  return fetch(`${stack.url}${path}`, { method, headers: all, ...(body && { body: JSON.stringify(body) }) });
}

async function problemOf(answer: Response) {
  return { status: answer.status, ...z.looseObject({ code: z.string() }).parse(await answer.json()) };
}

async function start(body: object, asking?: Asking) {
  const response = await ask("POST", "/v1/run", { async: true, ...body }, asking);
  const json: unknown = await response.json();
  expect(response.status, JSON.stringify(json)).toBe(202);
  const started = runStartedSchema.parse(json);
  expect(response.headers.get("Location")).toBe(started.url);
  return started;
}

const ended = async (url: string) => durableRunSchema.parse(await (await ask("GET", `${url}?wait=60`)).json());
const clone = (task_id: string) => ({ op: "clone", repo_url, agent_id: "run", task_id });
const write = (path: string) => ({ op: "edit", files: [{ path, content: `${path}\n` }] });
const statuses = ({ steps = [] }: z.output<typeof durableRunSchema>) =>
  steps.map(({ op, status }) => `${op} ${status}`);

describe("a run", () => {
  test("goes on without its connection, and does each step once", async () => {
    const steps = [clone("alone"), write("mine.txt"), { op: "push", message: "mine" }, { op: "status" }];
    const { url, events } = await start({ steps });
    const run = await ended(url);
    const repository = repo_url.replace("http://", "").replace(".git", "");
    const about = { repository, agent_id: "run", task_id: "alone" };
    expect(run).toMatchObject({ status: "done", about, ops: ["clone", "edit", "push", "status"], steps_done: 4 });
    for (const [path, key] of [
      ["/v1/runs?limit=1", mine.key],
      ["/v1/operator/runs?limit=1", operator],
    ] as const) {
      expect(await (await ask("GET", path, undefined, { key })).json()).toMatchObject({ runs: [{ about }] });
    }
    expect(run.steps?.map(({ status, tries }) => [status, tries])).toEqual(Array.from(steps, () => ["done", 1]));
    expect(run.steps?.[2]?.result).toMatchObject({ pushed: true, to: "agent/run/alone" });
    expect(remoteGit(stack, "one", "log", "-1", "--format=%s", "agent/run/alone")).toBe("mine");

    const told = runEventsSchema.parse(await (await ask("GET", events)).json());
    expect(told.ended).toBe(true);
    expect(told.events.map(({ id }) => id)).toEqual(told.events.map((_, at) => at + 1));
    // After the clone, the three steps are one request to the sandbox.
    expect(told.events.map(({ type, step, status }) => [type, step, status])).toEqual([
      ["run", undefined, "queued"],
      ["run", undefined, "running"],
      ["step", 1, "running"],
      ["step", 1, "done"],
      ...[2, 3, 4].map((step) => ["step", step, "running"]),
      ...[2, 3, 4].map((step) => ["step", step, "done"]),
      ["run", undefined, "done"],
    ]);
  });

  test("that fails tells where, and goes on from there when it is retried", async () => {
    const { url } = await start({ steps: [clone("fails"), { op: "read", path: "late.txt" }, { op: "status" }] });
    const failed = await ended(url);
    expect(failed).toMatchObject({ status: "failed", steps_failed: 1 });
    expect(statuses(failed)).toEqual(["clone done", "read failed", "status not_begun"]);
    expect(failed.steps?.[1]?.error).toMatchObject({ code: "path_not_found" });

    const { sandbox_id } = z.object({ sandbox_id: z.string() }).parse(failed.steps?.[0]?.result);
    await ask("POST", "/v1/git/edit", { sandbox_id, files: [{ path: "late.txt", content: "late\n" }] });
    expect((await ask("POST", `${url}/retry`)).status).toBe(202);
    const again = await ended(url);
    expect(statuses(again)).toEqual(["clone done", "read done", "status done"]);
    expect(await problemOf(await ask("POST", `${url}/retry`))).toMatchObject({ status: 409, code: "run_not_ended" });
  });

  test("tries again what failed for a moment's reason", async () => {
    const started = await ended((await start({ steps: [clone("retries")] })).url);
    const { sandbox_id } = z.object({ sandbox_id: z.string() }).parse(started.steps?.[0]?.result);
    stack.git.setFaults({ fail: { count: 1, status: 503 } });
    const { url, events } = await start({ sandbox_id, steps: [write("r.txt"), { op: "push", message: "r" }] });
    const run = await ended(url);
    expect(statuses(run)).toEqual(["edit done", "push done"]);
    const told = runEventsSchema.parse(await (await ask("GET", events)).json());
    const of = (number: number) => told.events.filter(({ step }) => step === number).map(({ status }) => status);
    expect([of(1), of(2)]).toEqual([
      ["running", "done"],
      ["running", "waiting", "running", "done"],
    ]);
    expect(remoteGit(stack, "one", "log", "--format=%s", "main..agent/run/retries")).toBe("r");
  });

  test("is canceled: steps that were begun are completed, no other is begun", async () => {
    stack.git.setFaults({ delayMs: 500 });
    const { url, events } = await start({ steps: [clone("cancel"), write("a.txt"), { op: "status" }] });
    const begun = runEventsSchema.parse(await (await ask("GET", `${events}?after=2&wait=60`)).json());
    expect(begun.events[0]).toMatchObject({ step: 1, status: "running" });
    const canceled = durableRunSchema.parse(await (await ask("DELETE", url)).json());
    expect(canceled.status).toBe("canceling");
    stack.git.setFaults({});
    const run = await ended(url);
    expect([run.status, ...statuses(run)]).toEqual(["canceled", "clone done", "edit not_begun", "status not_begun"]);
    // Another cancel changes nothing.
    expect(durableRunSchema.parse(await (await ask("DELETE", url)).json())).toEqual(run);
  });

  test("is canceled while it waits for another try", async () => {
    stack.git.setFaults({ fail: { count: 100, status: 503, retryAfterS: 600 } });
    const { url, events } = await start({ steps: [clone("waits")] });
    const told = runEventsSchema.parse(await (await ask("GET", `${events}?after=3&wait=60`)).json());
    expect(told.events[0]).toMatchObject({ status: "waiting", error: { code: "git_unreachable" } });
    stack.git.setFaults({});
    const waiting = durableRunSchema.parse(await (await ask("GET", url)).json()).steps?.[0];
    const waitsMs = Date.parse(waiting?.retry_at ?? "") - Date.parse(waiting?.began_at ?? "");
    expect(waitsMs).toBeGreaterThanOrEqual(600_000);
    await ask("DELETE", url);
    const run = await ended(url);
    expect(run.steps?.[0]).not.toHaveProperty("retry_at");
    expect(run).toMatchObject({ status: "canceled", steps_failed: 0, steps: [{ status: "not_begun", tries: 1 }] });
    const all = runEventsSchema.parse(await (await ask("GET", events)).json());
    expect(all.events.find(({ status }) => status === "waiting")).toMatchObject({
      error: { code: "git_unreachable" },
      retry_at: expect.any(String),
    });
  });

  test("is refused as a whole if one of its steps is wrong", async () => {
    const wrong = async (body: object) => problemOf(await ask("POST", "/v1/run", { async: true, ...body }));
    expect(await wrong({ steps: [clone("x"), { op: "nothing" }] })).toMatchObject({ code: "unknown_operation" });
    expect(
      await wrong({ steps: [{ op: "status", sandbox_id: "$item.id" }], for_each: [{ id: "s0-x" }] }),
    ).toMatchObject({
      code: "invalid_input",
      field: "steps.0.sandbox_id",
    });
    expect(await wrong({ steps: [clone("$item.none")], for_each: [{ name: "x" }] })).toMatchObject({
      detail: expect.stringContaining("there is no 'none' in for_each (item 1)"),
    });
    expect(await wrong({ steps: [clone("x")], for_each: [] })).toMatchObject({ field: "for_each" });
    const inside = { op: "push", sandbox_id: "s0-00000000000000000000", message: "for $item.name" };
    expect(await wrong({ steps: [inside], for_each: [{ name: "x" }] })).toMatchObject({
      detail: expect.stringContaining("has $item.name inside a longer text"),
    });
    const elsewhere = { op: "clone", repo_url: "$item.url" };
    const items = [{ url: `${stack.git.url}/one.git` }, { url: "https://evil.example/a/b" }];
    expect(await wrong({ steps: [{ op: "workspaces" }, elsewhere], for_each: items })).toMatchObject({
      code: "host_not_allowed",
      field: "steps.1.repo_url",
      detail: expect.stringMatching(/^steps\.1\.repo_url: https:\/\/evil\.example .* \(item 2\)$/),
    });
    expect(await wrong({ async: false, steps: [clone("x")], for_each: [{ name: "x" }] })).toMatchObject({
      detail: expect.stringContaining("for_each: needs async"),
    });
    expect(await problemOf(await ask("GET", "/v1/runs?cursor=x"))).toMatchObject({ code: "invalid_input" });
    expect(await problemOf(await ask("GET", "/v1/runs/r0-x"))).toMatchObject({ status: 404 });
  });

  test("is its tenant's, and the operator's", async () => {
    const { run, url } = await start({ steps: [{ op: "workspaces" }] });
    await ended(url);
    expect((await ask("GET", url, undefined, { key: theirs.key })).status).toBe(404);
    const list = async (path: string, key: string) =>
      runListSchema.parse(await (await ask("GET", path, undefined, { key })).json()).runs.map((one) => one.run);
    expect(await list("/v1/runs", theirs.key)).toEqual([]);
    expect((await list("/v1/runs?limit=1", mine.key))[0]).toBe(run);
    expect(await list("/v1/operator/runs", operator)).toContain(run);
    expect(await list("/v1/operator/runs?tenant=mine&limit=1", operator)).toEqual([run]);
    expect(await list("/v1/operator/runs?tenant=theirs", operator)).toEqual([]);
    const { cursor } = runListSchema.parse(await (await ask("GET", "/v1/runs?limit=1")).json());
    expect(await list(`/v1/runs?limit=1&cursor=${cursor}`, mine.key)).not.toContain(run);
    const seen = await (await ask("GET", `/v1/operator/runs/${run}`, undefined, { key: operator })).json();
    expect(seen).toMatchObject({ tenant: "mine", steps: [{ op: "workspaces", status: "done" }] });
    expect(JSON.stringify(seen)).not.toContain("result");
  });

  test("shows the operator nothing of what its steps were given or answered", async () => {
    const steps = [clone("$item.secret"), { op: "read", path: "none" }];
    const { run, url } = await start({ steps, for_each: [{ secret: "value-of-an-item" }] });
    await ended(url);
    const seenAt = async (path: string) =>
      (await ask("GET", `/v1/operator/runs/${run}${path}`, undefined, { key: operator })).json();
    const [seen, item] = [await seenAt(""), await seenAt("/items/1")];
    expect(item).toMatchObject({
      tenant: "mine",
      item: 1,
      status: "failed",
      step: 2,
      steps: [
        { op: "clone", status: "done" },
        { op: "read", status: "failed", error: { code: "path_not_found" } },
      ],
    });
    expect(JSON.stringify(seen)).toContain("path_not_found");
    expect(seen).not.toHaveProperty("about");
    for (const text of ["value-of-an-item", '"result"', '"values"']) {
      expect(JSON.stringify([seen, item])).not.toContain(text);
    }
    expect([await seenAt("/items/2"), await seenAt("/items/x")]).toMatchObject([NOT_FOUND, NOT_FOUND]);
  });

  test("leaves the workspaces of items that were done before as they are, when it is retried", async () => {
    const steps = [clone("$item.name"), { op: "read", path: "$item.path" }];
    const for_each = [
      { name: "fine", path: "README.md" },
      { name: "wrong", path: "none" },
    ];
    const { url } = await start({ steps, for_each });
    await ended(url);
    const item = runItemSchema.parse(await (await ask("GET", `${url}/items/1`)).json());
    const { sandbox_id } = z.object({ sandbox_id: z.string() }).parse(item.steps[0]?.result);
    await ask("POST", "/v1/git/status", { sandbox_id });
    await ask("POST", `${url}/retry`);
    expect((await ended(url)).items).toMatchObject({ done: 1, failed: 1 });
    const { workspaces } = workspaceListSchema.parse(await (await ask("GET", "/v1/workspaces")).json());
    expect(workspaces.find((one) => one.sandbox_id === sandbox_id)?.state).toBe("bound");
  });
});

describe("the events of a run", () => {
  test("come as they happen, and on from the last that is known", async () => {
    const { events } = await start({ steps: [clone("events"), { op: "status" }, { op: "log" }] });
    const read = async (after: number, most: number) => {
      const found: { readonly id: number; readonly type: string; readonly status: string }[] = [];
      const headers = { Authorization: `Bearer ${mine.key}` };
      for await (const event of readEvents(`${stack.url}${events}`, { headers, after })) {
        found.push(event);
        // The client leaves in the middle.
        if (found.length === most) break;
      }
      return found;
    };
    const all = [...(await read(0, 3))];
    all.push(...(await read(all.at(-1)?.id ?? 0, 2)));
    all.push(...(await read(all.at(-1)?.id ?? 0, Infinity)));
    expect(all.map(({ id }) => id)).toEqual(all.map((_, at) => at + 1));
    expect(all.at(-1)).toMatchObject({ type: "run", status: "done" });
    // This answer tells a client not to come again.
    const headers = { Accept: "text/event-stream", "Last-Event-ID": String(all.length) };
    expect((await ask("GET", events, undefined, { headers })).status).toBe(204);
    const empty = await ask("GET", `${events}?after=${all.length}`, undefined, { headers: { "Last-Event-ID": "" } });
    expect(runEventsSchema.parse(await empty.json())).toMatchObject({ events: [], ended: true });
  });
});

test("a run over several repositories tells of each, and runs no more sandboxes than may", async () => {
  const for_each = [...REPOSITORIES, "none"].map((name) => ({ url: `${stack.git.url}/${name}.git`, name }));
  const steps = [
    { op: "clone", repo_url: "$item.url", agent_id: "fan", task_id: "$item.name" },
    { op: "search", pattern: "." },
    { op: "edit", files: [{ path: "fan.txt", content: "$item.name" }] },
    { op: "push", message: "fan" },
  ];
  const { url } = await start({ steps, for_each, at_once: 2 });
  const run = await ended(url);
  expect(run).toMatchObject({ status: "failed", items: { total: 6, done: 5, failed: 1 }, steps_done: 20 });
  expect(run.for_each?.map(({ status }) => status)).toEqual([...REPOSITORIES.map(() => "done"), "failed"]);
  expect(run.for_each?.at(-1)).toMatchObject({ step: 1, error: { code: "repository_not_found" } });
  for (const name of REPOSITORIES) expect(remoteGit(stack, name, "show", `agent/fan/${name}:fan.txt`)).toBe(name);
  const item = runItemSchema.parse(await (await ask("GET", `${url}/items/2`)).json());
  expect(item.steps.map(({ op, status }) => `${op} ${status}`)).toEqual(steps.map(({ op }) => `${op} done`));
  const hosted = await hostedSandboxes(stack);
  expect(hosted.filter(({ state }) => state === "running").length).toBeLessThanOrEqual(3);
});

test("events with large answers come in pages that can be read", async () => {
  const content = "…".repeat(80_000);
  const { url, events } = await start({
    steps: [
      clone("large"),
      { op: "edit", files: [{ path: "large.txt", content }] },
      ...Array.from({ length: 40 }, () => ({ op: "read", path: "large.txt", max_bytes: 250_000 })),
    ],
  });
  expect(await ended(url)).toMatchObject({ status: "done", steps_done: 42 });
  let after = 0;
  let pages = 0;
  for (let isOver = false; !isOver; pages++) {
    const page = runEventsSchema.parse(await (await ask("GET", `${events}?after=${after}`)).json());
    expect(page.events[0]?.id).toBe(after + 1);
    [after, isOver] = [page.cursor, page.ended];
  }
  expect(pages).toBeGreaterThan(0);
});

test("the caller's git token is in the run until it ends, and in nothing that it answers", async () => {
  const headers = { "X-Git-Token": `${stack.git.url}=${TOKEN}` };
  const { url, events } = await start({ steps: [clone("token"), { op: "read", path: "none" }] }, { headers });
  await ended(url);
  for (const path of [url, events]) expect(await (await ask("GET", path)).text()).not.toContain(TOKEN);
});

describe("an Idempotency-Key", () => {
  const send = (path: string, body: object, key: string) =>
    ask("POST", path, body, { headers: { "Idempotency-Key": key } });

  test("gets the same answer again, and the work is done once", async () => {
    const { sandbox_id } = z
      .looseObject({ sandbox_id: z.string() })
      .parse(await (await send("/v1/git/clone", { repo_url, agent_id: "once" }, "clone-1")).json());
    const edit = { sandbox_id, files: [{ path: "README.md", old: "#", content: undefined, new: "##", all: true }] };
    const [first, second] = [await send("/v1/git/edit", edit, "edit-1"), await send("/v1/git/edit", edit, "edit-1")];
    expect([first.status, second.status, second.headers.get("Idempotent-Replayed")]).toEqual([200, 200, "true"]);
    expect(await second.text()).toBe(await first.text());
    const other = { ...edit, files: [{ path: "other.txt", content: "x" }] };
    expect(await problemOf(await send("/v1/git/edit", other, "edit-1"))).toMatchObject({ code: "key_reused" });
    const push = { sandbox_id, message: "once" };
    const both = await Promise.all([send("/v1/git/push", push, "push-1"), send("/v1/git/push", push, "push-1")]);
    const texts = await Promise.all(both.map((answer) => answer.text()));
    expect(texts[0]).toBe(texts[1]);
    expect(JSON.parse(texts[0] ?? "")).toMatchObject({ committed: true, pushed: true });
  });

  test("does not keep an answer that another try may mend", async () => {
    const { sandbox_id } = z
      .looseObject({ sandbox_id: z.string() })
      .parse(await (await ask("POST", "/v1/git/clone", { repo_url, agent_id: "mends" })).json());
    const body = { sandbox_id, steps: [write("m.txt"), { op: "push", message: "mends" }] };
    stack.git.setFaults({ fail: { count: 1, status: 503 } });
    const first = await (await send("/v1/run", body, "mends-1")).json();
    expect(first).toMatchObject({ ok: false, steps: [{ status: "done" }, { error: { code: "git_unreachable" } }] });
    stack.git.setFaults({});
    const second = await (await send("/v1/run", body, "mends-1")).json();
    expect(second).toMatchObject({ ok: true, steps: [{ result: { changed: [{ change: "added" }] } }, {}] });
    expect(remoteGit(stack, "one", "log", "--format=%s", "main..agent/mends/main")).toBe("mends");
  });

  test("names one run", async () => {
    const body = { async: true, steps: [{ op: "workspaces" }] };
    const [first, second] = await Promise.all([send("/v1/run", body, "run-1"), send("/v1/run", body, "run-1")]);
    expect(await first.text()).toBe(await second.text());
  });

  test("is refused where it is no key", async () => {
    expect(await problemOf(await send("/v1/git/clone", { repo_url }, "x".repeat(256)))).toMatchObject({
      code: "invalid_input",
      field: "Idempotency-Key",
    });
  });
});
