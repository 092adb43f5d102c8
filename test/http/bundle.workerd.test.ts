import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Grant } from "../../src/durable/sandboxes/grant.ts";
import app from "../../src/index.ts";
import { endFaults, fault, granted, newPool, type Pool, shell, workspace } from "../durable/support.ts";

const SETTINGS = {
  ...env,
  POOL_SHARDS: "1000",
  GIT_SANDBOX_TIMEOUT: "60",
  ALLOWED_GIT_HOSTS: "github.com",
  API_KEYS: "acme=ded96e4cc00dc55774b14d9e3aeddcccd1448d25055366b185b5d89eb4457d4b",
};
const KEY = "wt_key-of-acme";

const COMMIT = `git -c user.name=a -c user.email=a@example.com commit -q --allow-empty -m x`;
const PUSHED = `git init -q -b main ~/repo && cd ~/repo && ${COMMIT} && git update-ref refs/remotes/origin/main HEAD`;
/** More than the buffers on the way hold, and not compressible. */
const LARGE_BYTES = 20_000_000;

let pool: Pool;
let grant: Grant;
beforeEach(async () => {
  pool = newPool();
  grant = granted(await pool.claim(workspace()));
});
afterEach(endFaults);

const download = (method = "GET", key = KEY) =>
  app.fetch(
    new Request(`https://warmtree.example/v1/workspaces/${grant.sandboxId}/bundle`, {
      method,
      headers: { Authorization: `Bearer ${key}` },
    }),
    SETTINGS,
    createExecutionContext(),
  );

test("the work of a live workspace is a download of known length, whose text stays as it is", async () => {
  await shell(grant, `${PUSHED} && ${COMMIT} && echo ${KEY} >new`);
  const response = await download();
  expect(response.status).toBe(200);
  const bytes = await response.bytes();
  expect(Object.fromEntries(response.headers)).toMatchObject({
    "content-type": "application/x-tar",
    "content-length": String(bytes.length),
    "content-disposition": `attachment; filename="${grant.sandboxId}.tar"`,
    "cache-control": "no-store",
    "x-head": expect.stringMatching(/^[0-9a-f]{40}$/),
  });
  expect(Number(response.headers.get("x-bundle-bytes"))).toBeGreaterThan(0);
  // A patch that a redactor has changed would not apply.
  expect(new TextDecoder().decode(bytes)).toContain(`+${KEY}\n`);
});

test("a paused workspace is resumed for it", async () => {
  await shell(grant, `${PUSHED} && echo new >new`);
  await pool.pause({ tenant: "acme", sandboxId: grant.sandboxId });
  const response = await download();
  expect([response.status, response.headers.get("x-bundle-bytes")]).toEqual([200, "0"]);
  expect(await response.text()).toContain("+new\n");
});

test("the log tells who got how much of which workspace", async () => {
  await shell(grant, `${PUSHED} && echo new >new`);
  const logged = vi.spyOn(console, "log").mockImplementation(() => {});
  const { headers, body } = await download();
  await body?.cancel();
  expect(logged.mock.calls.map(([line]): unknown => JSON.parse(String(line)))).toMatchObject([
    {
      event: "audit",
      tenant: "acme",
      what: "GET /v1/workspaces/:sandbox_id/bundle",
      sandbox_id: grant.sandboxId,
      verdict: "allowed",
      bytes_out: Number(headers.get("Content-Length")),
    },
  ]);
  logged.mockRestore();
});

test("HEAD tells the sizes, and the workspace is free at once", async () => {
  await shell(grant, `${PUSHED} && head -c ${LARGE_BYTES} /dev/urandom >large`);
  const response = await download("HEAD");
  expect(Number(response.headers.get("x-patch-bytes"))).toBeGreaterThan(LARGE_BYTES);
  expect(await response.text()).toBe("");
  await expect.poll(async () => (await download("HEAD")).status).toBe(200);
});

test("a large one arrives whole", async () => {
  await shell(grant, `${PUSHED} && head -c ${LARGE_BYTES} /dev/urandom >large`);
  const response = await download();
  expect((await response.bytes()).length).toBe(Number(response.headers.get("content-length")));
});

test("one that breaks off on the way is not taken for whole", async () => {
  await shell(grant, `${PUSHED} && head -c ${LARGE_BYTES} /dev/urandom >large`);
  await fault({ cutStreams: { count: 1, afterBytes: 1_000_000 } });
  const response = await download();
  expect(response.status).toBe(200);
  await expect(response.bytes()).rejects.toThrow();
});

test("without work, for others, and without a key it is a problem", async () => {
  await shell(grant, PUSHED);
  const none = await download();
  expect(none.status).toBe(404);
  expect(await none.json()).toMatchObject({ code: "nothing_unpushed", work: { tree: "unchanged" } });
  expect((await download("GET", "wrong")).status).toBe(401);
  const { sandboxId } = granted(await pool.claim(workspace("ada", "other")));
  grant = { ...grant, sandboxId };
  expect(await (await download()).json()).toMatchObject({ code: "workspace_not_found" });
});
