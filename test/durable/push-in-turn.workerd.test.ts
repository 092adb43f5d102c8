import { abortAllDurableObjects } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { configOf } from "../../src/config.ts";
import type { PushRequest } from "../../src/durable/pushes/push-turns.ts";
import { pushInTurn } from "../../src/execution/push.ts";
import type { Caller } from "../../src/workspace/caller.ts";
import { granted, workspace } from "./support.ts";

/** Returns a new stub each time, as a stub breaks together with its object. */
const pool = () => env.SANDBOX_POOL.getByName("0");

/** The result of a push that reached the sandbox: no workspace here holds a clone. */
const REACHED = { ok: false, error: { code: "not_cloned" } };

function callerOf(tenant: string, more: Partial<Caller> = {}): Caller {
  const cost = { objectCalls: 0, sandboxMs: 0 };
  return { tenant, env, config: configOf(env), waitUntil: () => undefined, cost, ...more };
}

async function newWorkspace(tenant: string, agent = "ada"): Promise<string> {
  return granted(await pool().claim(workspace(agent, tenant))).sandboxId;
}

const asked = (sandbox_id: string) => ({
  sandbox_id,
  message: "m",
  files: [],
  amend: false,
  resolve: {},
  allow_secrets: [],
  to: "main",
});

test("a push waits for one call of the object, which is the only one", async () => {
  const caller = callerOf("one-call");
  const sandboxId = await newWorkspace("one-call");
  expect(await pushInTurn(asked(sandboxId), caller)).toMatchObject(REACHED);
  expect(caller.cost).toMatchObject({ objectCalls: 1, given: { sandboxId, source: "live" } });
});

test("where the object that queues pushes is evicted, those that wait go on", async () => {
  const [first, second] = [await newWorkspace("evicted"), await newWorkspace("evicted", "eve")];
  const held = await pool().push({ tenant: "evicted", sandboxId: first, repeat: "one", to: "main" });
  expect(held).toMatchObject({ kind: "turn" });
  const before: number[] = [];
  const waiting = pushInTurn(asked(second), callerOf("evicted", { onBefore: (count) => before.push(count) }));
  await expect.poll(() => before).toEqual([1]);
  await abortAllDurableObjects();
  expect(await waiting).toMatchObject(REACHED);
});

/** Returns a caller whose pool answers pushes with `push`, and all other calls itself. */
function callerWith(tenant: string, push: (request: PushRequest) => Promise<unknown>): Caller {
  const { SANDBOX_POOL } = env;
  const getByName = (name: string) =>
    new Proxy(SANDBOX_POOL.getByName(name), {
      get: (stub, property) => (property === "push" ? push : Reflect.get(stub, property)),
    });
  return callerOf(tenant, { env: { ...env, SANDBOX_POOL: new Proxy(SANDBOX_POOL, { get: () => getByName }) } });
}

test("where the pool does not answer for the queue, the push goes on without it", async () => {
  const sandboxId = await newWorkspace("unreachable");
  const caller = callerWith("unreachable", () => Promise.reject(new Error("the object is overloaded")));
  expect(await pushInTurn(asked(sandboxId), caller)).toMatchObject(REACHED);
});

test("a push whose time to wait is over says how many come first, what became of the work, and when to come back", async () => {
  const sandboxId = await newWorkspace("late");
  const grant = granted(await pool().use({ tenant: "late", sandboxId }));
  const place = { ok: true, kind: "late", grant, before: 7, retryAfterS: 9 };
  await expect(
    pushInTurn(
      asked(sandboxId),
      callerWith("late", () => Promise.resolve(place)),
    ),
  ).rejects.toMatchObject({
    code: "branch_busy",
    message: expect.stringMatching(/^7 other pushes .* Nothing was done\. Push again/),
    details: { retryAfterS: 9, work: { pushed: false, tree: "unchanged" } },
  });
});

test("calls repeat each other where they ask for the same with the same credential", async () => {
  const sandboxId = await newWorkspace("repeats");
  const repeats: string[] = [];
  const noting = callerWith("repeats", (request) => {
    repeats.push(request.repeat);
    return Promise.reject(new Error("only noted"));
  });
  const same = asked(sandboxId);
  const calls = [
    [same, noting],
    [same, noting],
    [{ ...same, message: "another" }, noting],
    [same, { ...noting, gitTokens: new Map([["https://github.com", "secret-token"]]) }],
  ] as const;
  for (const [input, caller] of calls) await pushInTurn(input, caller);
  const [first, second, otherInput, otherToken] = repeats;
  expect(second).toBe(first);
  expect(new Set([first, otherInput, otherToken]).size).toBe(3);
  expect(repeats.join()).not.toContain("secret-token");
});

test("tries of a call repeat each other by its name alone", async () => {
  const sandboxId = await newWorkspace("named");
  const repeats: string[] = [];
  const noting = callerWith("named", (request) => {
    repeats.push(request.repeat);
    return Promise.reject(new Error("only noted"));
  });
  const gitTokens = new Map([["https://github.com", "another-token"]]);
  for (const more of [{ once: "one" }, { once: "one", gitTokens }, { once: "other" }, {}]) {
    await pushInTurn(asked(sandboxId), { ...noting, ...more });
  }
  const [first, second, otherName, unnamed] = repeats;
  expect(second).toBe(first);
  expect(new Set([first, otherName, unnamed]).size).toBe(3);
});

test("a call that joins late gets the outcome if it is a try of the same call; otherwise the sandbox is asked", async () => {
  const sandboxId = await newWorkspace("joined-late");
  const grant = granted(await pool().use({ tenant: "joined-late", sandboxId }));
  const outcome = { ok: true, value: { commit: "c" } };
  const place = { ok: true, kind: "outcome", grant, outcome, joinedLate: true };
  const caller = callerWith("joined-late", () => Promise.resolve(place));
  expect(await pushInTurn(asked(sandboxId), { ...caller, once: "one" })).toEqual(outcome);
  expect(await pushInTurn(asked(sandboxId), caller)).toMatchObject(REACHED);
});
