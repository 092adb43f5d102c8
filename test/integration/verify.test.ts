import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod/v4";
import { makeRepository } from "../../scripts/sample-remote/repositories.ts";
import { Cleanups } from "../../scripts/support/cleanups.ts";
import { startStack } from "../../scripts/harness/stack.ts";
import { only } from "../../scripts/verification/check.ts";
import type { Theme } from "../../scripts/verification/check.ts";
import { runChecks } from "../../scripts/verification/run.ts";
import { Scene } from "../../scripts/verify/scene.ts";
import { sceneOfStack, STACK_BINDINGS } from "../../scripts/verify/subject.ts";
import { THEMES } from "../../scripts/verify/themes.ts";
import { snapshotListSchema } from "../../src/api/schemas.ts";
import { tampered, type Tampering, withBody, withMembers, withStatus } from "../support/tampered.ts";

const cleanups = new Cleanups();
let honest: Scene;

beforeAll(async () => {
  const stack = await startStack({ bindings: STACK_BINDINGS });
  cleanups.add(() => stack.close());
  honest = await sceneOfStack(stack, cleanups);
  await makeRepository(stack.git.root, "other", { files: 3, commits: 1 });
});
afterAll(() => cleanups.run());

/** Returns the themes and checks with this text; for a check of the main job, with the earlier ones, which it needs. */
function themesFor(text: string): readonly Theme<Scene>[] {
  const theme = THEMES.find(({ name }) => name === "main job");
  const last = theme?.checks.findIndex(({ name }) => text === `${theme.name}: ${name}`) ?? -1;
  return theme && last >= 0 ? [{ ...theme, checks: theme.checks.slice(0, last + 1) }] : only(THEMES, text);
}

/** Returns verdicts by the names of checks. */
async function verdicts(text: string, fetcher: typeof fetch = fetch): Promise<Record<string, string>> {
  const scene = new Scene({ ...honest.options, fetcher, toldWithinMs: fetcher === fetch ? 45_000 : 500 });
  const rows = await runChecks(themesFor(text), scene, () => undefined);
  for (const { sandbox_id, state, agent_id } of await honest.workspaces()) {
    const isOurs = state !== "gone" && agent_id?.startsWith(scene.nonce) === true;
    if (isOurs) await honest.request("DELETE", `/v1/workspaces/${sandbox_id}`);
  }
  return Object.fromEntries(rows.map(({ theme, name, verdict }) => [`${theme}: ${name}`, verdict]));
}

/** Three checks wait for a time limit. */
const WHOLE_RUN_MS = 300_000;

test("a Warmtree of this machine passes every check, and nothing is left", { timeout: WHOLE_RUN_MS }, async () => {
  const all = await verdicts("");
  expect(Object.entries(all).filter(([, verdict]) => verdict !== "ok")).toEqual([]);
  expect(Object.keys(all).length).toBeGreaterThan(24);
  expect((await honest.workspaces()).filter(({ state }) => state !== "gone")).toEqual([]);
  expect(await honest.remote.branches("verify-")).toEqual(new Map());
});

test("a snapshot that was there before is kept, and one that was not is removed", async () => {
  const list = async () => snapshotListSchema.parse((await honest.request("GET", "/v1/snapshots")).json).snapshots;
  const check = "keeping: clone from a snapshot";
  expect([await verdicts(check), await list()]).toEqual([{ [check]: "ok" }, []]);
  const repo_url = honest.remote.url.replace("verify.git", "other.git");
  expect((await honest.request("POST", "/v1/snapshots", { repo_url })).status).toBe(200);
  expect(await verdicts(check)).toEqual({ [check]: "ok" });
  const [other, ...more] = await list();
  expect([other?.repository, more]).toEqual([expect.stringMatching(/other$/), []]);
  await honest.request("POST", "/v1/snapshots", { repo_url: honest.remote.url });
  expect(await verdicts(check)).toEqual({ [check]: "ok" });
  const kept = await list();
  expect(kept).toHaveLength(2);
  for (const { snapshot_id } of kept) await honest.request("DELETE", `/v1/snapshots/${snapshot_id}`);
});

test("who answers {} to everything passes no check", async () => {
  const all = await verdicts("", tampered({ on: /./, instead: () => Response.json({}) }));
  const passed = Object.entries(all).filter(([, verdict]) => verdict !== "differs");
  expect(passed.map(([name]) => name)).toEqual(["the end: tidy"]);
});

const NO_COMMIT = "0".repeat(40);
const PUSHED = { commit: NO_COMMIT, committed: true, pushed: true, rebased: false, merged: false, tree: "current" };
const pushed = () => Response.json({ branch: "b", to: "b", ...PUSHED });
const CUT = { code: "timeout", detail: "It took too long.", work: { pushed: "unknown", tree: "unknown" } };
const noContent = () => new Response(null, { status: 204 });
const FAILED_BUILD = { version: 1, state: "failed", started_at: "2026-11-01T00:00:00Z" };
const NEWER_FAILED = { ...FAILED_BUILD, version: 99 };
/** Replaces a text in a scrape or in JSON. */
const replaced = (from: RegExp, to: string) => (body: unknown) =>
  typeof body === "string"
    ? new Response(body.replaceAll(from, to))
    : Response.json(z.unknown().parse(JSON.parse(JSON.stringify(body).replaceAll(from, to))));

describe("an answer that is another is found by the right check", () => {
  test.each<[name: string, Tampering, verdict?: string]>([
    ["main job: health", { on: /healthz/, answer: withStatus(503) }],
    ["main job: no key", { on: /^GET \/v1\/workspaces/, instead: () => Response.json({ workspaces: [] }) }],
    ["main job: clone", { on: /git\/clone/, answer: withMembers({ head: NO_COMMIT }) }],
    ["main job: edit and status", { on: /git\/status/, answer: withMembers({ untracked: [] }) }],
    ["main job: read and diff", { on: /git\/read/, answer: withMembers({ content: "another" }) }],
    ["main job: read and diff", { on: /git\/diff/, answer: withMembers({ diff: "" }) }],
    ["main job: push", { on: /git\/push/, answer: withMembers({ commit: NO_COMMIT }) }],
    ["main job: push again", { on: /git\/push/, after: 1, answer: withMembers({ pushed: true }) }],
    ["main job: pull", { on: /git\/pull/, answer: withMembers({ head: NO_COMMIT }) }],
    ["main job: bad input", { on: /git\/status .*\.\./, answer: withStatus(500) }],
    ["MCP: tools", { on: /tools\/list/, ask: withBody("tools/list", "ping") }],
    ["MCP: main job", { on: /git_push/, ask: withBody("git_push", "git_pull") }],
    ["races: 4 workspaces push to one branch at once", { on: /git\/push .*racer-0/, instead: pushed }],
    ["races: 4 pushes of one workspace at once", { on: /git\/push .*queue-0/, instead: pushed }],
    [
      "runs: clone, edit and push without the connection",
      { on: /GET .*runs/, answer: withMembers({ status: "failed" }) },
    ],
    [
      "runs: clone, edit and push without the connection",
      { on: /GET .*events/, answer: replaced(/"id":4,/g, '"id":5,') },
    ],
    ["time limit: a search without end", { on: /git\/search/, instead: () => Response.json(CUT, { status: 504 }) }],
    [
      "time limit: steps cut in the middle",
      { on: /git_run/, ask: withBody(JSON.stringify("(a*)(a*)\\1\\2b"), '"nothing"') },
    ],
    [
      "time limit: a push that the git host does not answer",
      { on: /git\/push/, answer: withMembers({ work: { pushed: true, tree: "unknown" } }) },
    ],
    ["keeping: same agent and task", { on: /git\/clone/, after: 1, ask: withBody('-again"', '-twice"') }],
    ["keeping: pause and resume", { on: /\/pause/, instead: noContent }],
    ["keeping: pause and resume", { on: /git\/diff/, answer: withMembers({ files: [] }) }],
    ["keeping: end", { on: /^DELETE/, instead: noContent }],
    ["keeping: clone from a snapshot", { on: /git\/clone/, answer: withMembers({ source: "cold" }) }],
    ["operating: template", { on: /template/, answer: withMembers({ newest_build: FAILED_BUILD }) }],
    ["operating: build of a template", { on: /builds/, answer: withStatus(500) }],
    [
      "operating: build of a template",
      { on: /^GET .*template/, after: 1, answer: withMembers({ newest_build: NEWER_FAILED }) },
    ],
    ["operating: build of a template", { on: /builds/, answer: withStatus(401) }, "not checked"],
    ["operating: overview", { on: /overview/, answer: withMembers({ operations: {} }) }],
    ["operating: overview", { on: /overview/, answer: withStatus(401) }, "not checked"],
    ["operating: sandboxes that run", { on: /overview/, answer: replaced(/"most":\d+/g, '"most":-1') }],
    [
      "operating: limit of running sandboxes",
      { on: /overview/, after: 1, answer: replaced(/"running":\d+/g, '"running":99') },
    ],
    ["operating: limit of running sandboxes", { on: /limit-6/, answer: withStatus(503) }],
    ["operating: metrics page", { on: /metrics/, answer: replaced(/$/g, "no sample\n") }],
    ["operating: metrics page", { on: /metrics/, answer: replaced(/(operation="status".*) \d+/g, "$1 1") }],
    ["operating: metrics page", { on: /metrics/, answer: withStatus(401) }, "not checked"],
    ["operating: metrics and workspaces", { on: /metrics/, answer: replaced(/(warmtree_sandboxes\{.*) \d+/g, "$1 0") }],
  ])("%s", async (name, tampering, verdict = "differs") => {
    expect((await verdicts(name, tampered(tampering)))[name]).toBe(verdict);
  });

  test.each([
    "MCP",
    "races",
    "keeping",
    "operating: template",
    "operating: overview",
    "operating: build",
    "operating: limit",
    "operating: metrics",
  ])("%s passes alone, so that nothing else was found", async (group) => {
    expect(new Set(Object.values(await verdicts(group)))).toEqual(new Set(["ok"]));
  });
});
