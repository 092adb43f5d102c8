import { brokerOrigin } from "../../broker/address.ts";
import { brokered } from "../../broker/proxy.ts";
import { spoken } from "../../broker/upstream.ts";
import { configOf } from "../../config.ts";
import { auditOf } from "../audit.ts";
import type { HttpContext } from "../context.ts";

/** Every path of the broker. */
export const BROKER_PATHS = "/broker/*";

/** Serves git in sandboxes. Answers stream: no middleware may read them. */
export async function serveBroker(c: HttpContext): Promise<Response> {
  const request = c.req.raw;
  const config = configOf(c.env);
  if (brokerOrigin(config, new URL(request.url).origin) === undefined) return spoken(404, "There is no broker here.");
  const audit = auditOf(c);
  audit.brokered({});
  return brokered(request, config, (facts) => audit.brokered(facts));
}
