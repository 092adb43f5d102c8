import { afterAll, beforeAll, expect, test } from "vitest";
import { leaseKey } from "../../../scripts/harness/lease-holder.ts";
import { NONE } from "../../broker/support.ts";
import { sendRaw } from "../raw-request.ts";
import { cut, everyBitFlipped, mixed, otherHeaders } from "./changed.ts";
import { foreignObjects } from "./foreign.ts";
import { foreignPaths, pathTo } from "./paths.ts";
import { forbiddenPushes, sendPush } from "./refs.ts";
import { type LeaseScene, REPOSITORIES, startLeaseScene, THIEVES_CHOICE } from "./scene.ts";

const TEST_TIMEOUT_MS = 10 * 60_000;
const AT_ONCE = 8;

let scene: LeaseScene;
let refsBefore: string;
let total = 0;

beforeAll(async () => {
  scene = await startLeaseScene();
  refsBefore = scene.refs();
});
afterAll(async () => {
  await scene.close();
  console.log(`${total} uses of a stolen lease for something else: 0 accepted`);
});

/** Asks for the refs of a repository, the first request of fetch and push. @returns the status; 0: no answer */
async function ask(lease: string, path = pathTo(scene), method = "GET"): Promise<number> {
  const url = new URL(scene.stack.url);
  const headers = [
    ["Host", url.host],
    ["Authorization", `Bearer ${lease}`],
  ] as const;
  return sendRaw(Number(url.port), { method, target: path, headers }).catch(() => 0);
}

/** Expects the unchanged lease to be valid before and after the attempts. @returns the attempts that were accepted */
async function accepted(attempts: Iterable<readonly [about: string, send: () => Promise<boolean>]>): Promise<string[]> {
  expect(await ask(scene.stolen.pull)).toBe(200);
  const taken: string[] = [];
  const waiting = attempts[Symbol.iterator]();
  const lane = async () => {
    for (let next = waiting.next(); !next.done; next = waiting.next()) {
      const [about, send] = next.value;
      total += 1;
      if (await send()) taken.push(about);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  expect(await ask(scene.stolen.pull)).toBe(200);
  expect(scene.refs()).toBe(refsBefore);
  return taken;
}

test("changed in any bit, cut, or mixed with another", { timeout: TEST_TIMEOUT_MS }, async () => {
  const { pull, push } = scene.stolen;
  const changed = [...everyBitFlipped(pull), ...cut(pull), ...mixed(pull, push), ...otherHeaders(pull)];
  expect(changed.length).toBeGreaterThan(pull.length * 8);
  expect(await accepted(changed.map(([about, lease]) => [about, async () => (await ask(lease)) === 200]))).toEqual([]);
});

test("for another repository, host or service, in any spelling, or by another method", async () => {
  const { stolen } = scene;
  const own = pathTo(scene);
  const paths = foreignPaths(scene);
  const gets = paths.map((path) => [path, async () => (await ask(stolen.pull, path)) === 200] as const);
  const methods = ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"].map(
    (method) => [method, async () => (await ask(stolen.pull, own, method)) === 200] as const,
  );
  expect(await accepted([...gets, ...methods])).toEqual([]);
});

test("for any other change of any ref", { timeout: TEST_TIMEOUT_MS }, async () => {
  const pushes = forbiddenPushes(scene);
  const { pushes: sent } = scene.stack.git.counters();
  const sends = pushes.map(
    (attempt) => [attempt.about, async () => (await sendPush(scene, attempt)).report.includes("ok refs/")] as const,
  );
  expect(await accepted(sends)).toEqual([]);
  // No attempt has reached the git host.
  expect(scene.stack.git.counters().pushes).toBe(sent);
});

test("in another tenant's repository, by every lease, and as a key of the API", async () => {
  const create = [[NONE, scene.commit, "refs/heads/named"]] as const;
  const { anothers } = REPOSITORIES;
  const attempts = THIEVES_CHOICE.flatMap((name) => {
    const lease = scene.stolen[name];
    const api = ["/v1/workspaces", "/v1/policy", "/v1/operator/overview", "/metrics", "/mcp", "/v1/git/status"];
    return [
      [`${name}: fetch`, async () => (await ask(lease, pathTo(scene, anothers))) === 200] as const,
      [
        `${name}: push`,
        async () => (await sendPush(scene, { lease, commands: create }, anothers)).status === 200,
      ] as const,
      ...api.map((path) => [`${name}: ${path}`, async () => (await ask(lease, path)) === 200] as const),
    ];
  });
  expect(await accepted(attempts)).toEqual([]);
});

test("for signing what this service did not make", async () => {
  const sign = async (lease: string, body: string) => {
    const headers = { Authorization: `Bearer ${lease}` };
    const answer = await fetch(`${scene.stack.url}/broker/sign`, { method: "POST", headers, body });
    return answer.status === 200;
  };
  const objects = foreignObjects(scene.commit, Math.floor(Date.now() / 1000));
  const attempts = THIEVES_CHOICE.flatMap((name) =>
    objects.map(([about, object]) => [`${name}: ${about}`, () => sign(scene.stolen[name], object)] as const),
  );
  expect(await accepted(attempts)).toEqual([]);
});

test("after its time, or sealed by another key", async () => {
  const { holder } = scene;
  const times = [Date.now() - 1, Date.now() - 3_600_000, 0, -1, Number.MIN_SAFE_INTEGER];
  const leases = [
    ...times.map((expires_at) => holder.lease(REPOSITORIES.own, { expires_at })),
    ...Array.from({ length: 20 }, () => holder.lease(REPOSITORIES.own, {}, leaseKey().bytes)),
    holder.lease(REPOSITORIES.own, {}, new Uint8Array(32)),
  ];
  const attempts = (await Promise.all(leases)).map(
    (lease, at) => [`${at}`, async () => (await ask(lease)) === 200] as const,
  );
  expect(await accepted(attempts)).toEqual([]);
});

test("while what it is for is accepted", async () => {
  const { stolen, commit } = scene;
  const uses = [
    [stolen.push, [NONE, commit, "refs/heads/agent/ada/late"]],
    [stolen["push to"], [NONE, commit, "refs/heads/named"]],
    [stolen.delete, [commit, NONE, "refs/heads/named"]],
  ] as const;
  for (const [lease, command] of uses) {
    expect((await sendPush(scene, { lease, commands: [command] })).report).toContain(`ok ${command[2]}`);
  }
});
