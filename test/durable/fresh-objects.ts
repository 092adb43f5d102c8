import { abortAllDurableObjects, listDurableObjectIds, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll } from "vitest";
import type { Metrics } from "../../src/durable/Metrics.ts";
import type { SandboxPool } from "../../src/durable/SandboxPool.ts";
import type { Webhooks } from "../../src/durable/Webhooks.ts";

/**
 * Files share a runtime, and with it Durable Objects of the same name: each begins with none. `reset` of the runtime would
 * forget those that are not loaded just then.
 */
beforeAll(async () => {
  await empty<SandboxPool>(env.SANDBOX_POOL);
  await empty<Metrics>(env.METRICS);
  await empty<Webhooks>(env.WEBHOOKS);
  await abortAllDurableObjects();
});

async function empty<O extends SandboxPool | Metrics | Webhooks>(namespace: DurableObjectNamespace<O>): Promise<void> {
  for (const id of await listDurableObjectIds(namespace)) {
    await runInDurableObject(namespace.get(id), (_: O, { storage }) => storage.deleteAll());
  }
}
