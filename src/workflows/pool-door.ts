import type { Config } from "../config.ts";
import type { PoolDoor } from "../template/build.ts";
import { pool, pools } from "../workspace/pool.ts";

/** Connects a build to all pool shards; the first one also stores the records of builds. */
export function poolDoor(env: Env, config: Config): PoolDoor {
  const context = { env, config, cost: { objectCalls: 0, sandboxMs: 0 } };
  const shards = pools(context);
  const first = pool(context, 0);
  return {
    newestBuild: async () => (await first.template()).newestBuild,
    note: (build) => first.noteTemplateBuild(build),
    promote: async (promoted) => {
      await Promise.all(shards.map((shard) => shard.promoteTemplate(promoted)));
    },
    namesInUse: async () => (await Promise.all(shards.map((shard) => shard.templateUse()))).flat(),
  };
}
