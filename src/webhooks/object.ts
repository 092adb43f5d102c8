import type { Config } from "../config.ts";
import { shardFor } from "../pool/handle.ts";

/** Returns the object that holds a tenant's webhooks; '' is the operator. */
export function webhooksOf(
  { WEBHOOKS }: Pick<Env, "WEBHOOKS">,
  { poolShards }: Pick<Config, "poolShards">,
  tenant: string,
) {
  return WEBHOOKS.getByName(String(shardFor(tenant, "", poolShards)));
}
