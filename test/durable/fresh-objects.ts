import { abortAllDurableObjects, listDurableObjectIds, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll } from "vitest";
import type { Metrics } from "../../src/durable/Metrics.ts";
import type { SandboxPool } from "../../src/durable/SandboxPool.ts";
import type { Webhooks } from "../../src/durable/Webhooks.ts";

/**
 * Empties the Durable Objects before each file: files share a runtime, and with it objects of the same name. `reset` of
 * the runtime would leave out objects that are not loaded at that moment.
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
