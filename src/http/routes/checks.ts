import type { Hono } from "hono";
import type { Checks } from "../../api/checks-schema.ts";
import { configOf } from "../../config.ts";
import { checksOf } from "../../workspace/checks.ts";
import type { Caller } from "../../workspace/caller.ts";
import { answer } from "../answer.ts";
import { callerOf, workerAround } from "../caller.ts";
import type { HttpContext } from "../context.ts";
import { requireServiceKey } from "../service-key.ts";

/** Adds GET /v1/checks, which takes an API key, or OPERATOR_KEY. */
export function addCheckRoutes(app: Hono<{ Bindings: Env }>): void {
  app.get("/v1/checks", async (c) => answer((await checksOf(await anyCaller(c))) satisfies Checks));
}

async function anyCaller(c: HttpContext): Promise<Caller> {
  try {
    return await callerOf(c);
  } catch (error) {
    const config = configOf(c.env);
    // Without OPERATOR_KEY, loopback may be open; that must not accept a wrong API key.
    if (config.operatorKey === undefined) throw error;
    await requireServiceKey(c.req.raw, "OPERATOR_KEY", config).catch(() => {
      throw error;
    });
    return { ...workerAround(c), tenant: "" };
  }
}
