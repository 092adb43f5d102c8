import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, inject, test } from "vitest";
import { Claims } from "../../src/durable/claims.ts";
import { Uses } from "../../src/durable/uses.ts";
import type { SandboxPool } from "../../src/durable/SandboxPool.ts";
import { configOf } from "../../src/config.ts";
import { createShard } from "../../src/durable/shard.ts";
import { runProcess } from "../../src/e2b/process.ts";
import { granted, newPool, type Pool, workspace } from "./support.ts";

const SEALED = { LEASE_KEY: "A".repeat(43), PUBLIC_URL: "http://127.0.0.1:8787" };
const MOVED = { ...SEALED, PUBLIC_URL: "http://127.0.0.1:8788" };
const only = (entry: string) => ({ allowOut: [entry], denyOut: ["0.0.0.0/0"] });

const { url: hostUrl, egress } = inject("ruledE2b");
if (!egress) console.warn("sealed sandboxes are not tested: this machine gives sandboxes no network of their own");

/** Runs work on the parts of a shard with a deployment's settings, on the same rows. */
function under<T>(pool: Pool, settings: object, work: (shard: ReturnType<typeof shardOf>) => Promise<T>): Promise<T> {
  return runInDurableObject(pool, (_: SandboxPool, state) => work(shardOf(state, settings)));
}

const envWith = (settings: object) => ({ ...env, E2B_API_URL: hostUrl, E2B_SANDBOX_URL: hostUrl, ...settings });

function shardOf(state: DurableObjectState, settings: object) {
  const parts = createShard(state, envWith(settings), Number(state.id.name ?? 0), Date.now());
  const uses = new Uses(parts, () => Promise.resolve());
  return { ...parts, uses, claims: new Claims(parts, uses, () => Promise.resolve()) };
}

async function networkOf(e2bId: string): Promise<unknown> {
  const headers = { "X-API-KEY": "test" };
  const { network } = await (await fetch(`${hostUrl}/sandboxes/${e2bId}`, { headers })).json<{ network?: unknown }>();
  return network;
}

/** Returns how often the host was asked to set a network. */
async function changes(): Promise<number> {
  const { byRoute } = await (
    await fetch(`${hostUrl}/_local/counters`)
  ).json<{ byRoute: Record<string, number | undefined> }>();
  return byRoute["PUT /sandboxes/{id}/network"] ?? 0;
}

describe.runIf(egress)("with SANDBOX_EGRESS sealed", () => {
  test("a sandbox that is started for a claim reaches the Worker alone, also after a pause, without another request", async () => {
    const pool = newPool();
    const before = await changes();
    await under(pool, SEALED, async ({ claims, rows, lifecycle }) => {
      const { sandboxId, session } = granted(await claims.claim(workspace()));
      expect(await networkOf(session.sandboxId)).toEqual(only("127.0.0.1:8787"));
      const row = rows.get(sandboxId);
      expect(row && (await lifecycle.pause(row)).ok).toBe(true);
      granted(await claims.claim(workspace()));
      expect(await networkOf(session.sandboxId)).toEqual(only("127.0.0.1:8787"));
    });
    expect(await changes()).toBe(before);
  });

  test("so does a warm one, and one that makes a repository snapshot, and one that starts from it", async () => {
    const pool = newPool();
    await under(pool, { ...SEALED, POOL_MIN: "1", POOL_MAX: "1", SNAPSHOT_POLICY: "asked" }, async (shard) => {
      const { filler, rows, claims, builder } = shard;
      filler.scheduleNow(Date.now());
      await filler.tendIfDue(Date.now());
      await expect.poll(() => rows.running().warm.length).toBe(1);
      const warm = granted(await claims.claim(workspace("warm")));
      expect(warm.source).toBe("pool");
      expect(await networkOf(warm.session.sandboxId)).toEqual(only("127.0.0.1:8787"));

      const { agentId: _, taskId: __, ...key } = workspace();
      const maker = await builder.begin(key);
      if (maker === undefined) throw new Error("a snapshot is being made already");
      expect(await networkOf(granted(maker).session.sandboxId)).toEqual(only("127.0.0.1:8787"));
      expect(
        await builder.finish("acme", granted(maker).sandboxId, {
          head: "a".repeat(40),
          refs: null,
          bytes: 1,
          seconds: 1,
        }),
      ).toBe(true);
      const seeded = granted(await claims.claim(workspace("seeded")));
      expect(seeded.source).toBe("snapshot");
      expect(await networkOf(seeded.session.sandboxId)).toEqual(only("127.0.0.1:8787"));
    });
  });

  test.each([
    ["running, is sealed", {}, SEALED, only("127.0.0.1:8787")],
    ["running, follows the Worker's address", SEALED, MOVED, only("127.0.0.1:8788")],
    ["running, is opened", SEALED, { ...SEALED, SANDBOX_EGRESS: "open" }, { allowOut: [], denyOut: [] }],
  ])(
    "a sandbox from before a change of the settings, %s at its next use, with one request",
    async (...[, was, is, network]) => {
      const pool = newPool();
      const { sandboxId, session } = await under(pool, was, async ({ claims }) =>
        granted(await claims.claim(workspace())),
      );
      const before = await changes();
      await under(pool, is, async ({ uses, rows }) => {
        const use = async () => {
          const row = rows.get(sandboxId);
          if (row === undefined) throw new Error("its row is gone");
          return granted(await uses.use(row, "acme"));
        };
        await use();
        expect(await networkOf(session.sandboxId)).toEqual(network);
        await use();
      });
      expect(await changes()).toBe(before + 1);
    },
  );

  test("a paused one gets it with its resume, and a warm one before it is given away", async () => {
    const pool = newPool();
    const old = await under(pool, { POOL_MIN: "1", POOL_MAX: "1" }, async ({ claims, rows, lifecycle, filler }) => {
      const { sandboxId, session } = granted(await claims.claim(workspace("paused")));
      const row = rows.get(sandboxId);
      expect(row && (await lifecycle.pause(row)).ok).toBe(true);
      filler.scheduleNow(Date.now());
      await filler.tendIfDue(Date.now());
      await expect.poll(() => rows.running().warm.length).toBe(1);
      return session.sandboxId;
    });
    await under(pool, SEALED, async ({ claims }) => {
      granted(await claims.claim(workspace("paused")));
      expect(await networkOf(old)).toEqual(only("127.0.0.1:8787"));
      const warm = granted(await claims.claim(workspace("warm")));
      expect(warm.source).toBe("pool");
      expect(await networkOf(warm.session.sandboxId)).toEqual(only("127.0.0.1:8787"));
    });
  });

  test("a sandbox whose network is not set serves nobody, and is not lost", async () => {
    const pool = newPool();
    const { sandboxId, session } = await under(pool, {}, async ({ claims }) =>
      granted(await claims.claim(workspace())),
    );
    // A running program cannot leave this machine's network: the host answers 501.
    const line = "sleep 60 >/dev/null 2>&1 & echo $!";
    const request = { cmd: "/bin/bash", args: ["-c", line], envs: {}, timeoutMs: 10_000, maxOutputBytes: 100 };
    await runProcess(configOf(envWith({})).e2b, session, request);
    const use = ({ uses, rows }: ReturnType<typeof shardOf>) => {
      const row = rows.get(sandboxId);
      if (row === undefined) throw new Error("its row is gone");
      return uses.use(row, "acme");
    };
    const refused = { ok: false, code: "sandbox_unavailable", detail: expect.stringContaining("SANDBOX_EGRESS") };
    expect(await under(pool, SEALED, use)).toMatchObject(refused);
    // Nor by an older grant of another isolate.
    expect(
      await under(pool, SEALED, async ({ uses, rows }) => {
        const row = rows.get(sandboxId);
        return row && uses.used(row, row.generation);
      }),
    ).toBe(false);
    expect(granted(await under(pool, {}, use)).sandboxId).toBe(sandboxId);
  });
});
