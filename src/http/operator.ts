import { configOf } from "../config.ts";
import type { Caller } from "../workspace/caller.ts";
import { auditOf } from "./audit.ts";
import { workerAround } from "./caller.ts";
import type { HttpContext } from "./context.ts";
import { requireServiceKey } from "./service-key.ts";

/**
 * Authenticates the operator, who is of no tenant.
 * @throws unauthenticated
 */
export async function operatorOf(c: HttpContext): Promise<Omit<Caller, "tenant">> {
  await requireServiceKey(c.req.raw, "OPERATOR_KEY", configOf(c.env));
  auditOf(c).concerns({ actor: "operator" });
  return workerAround(c);
}
