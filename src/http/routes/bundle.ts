import type { Hono } from "hono";
import { workOf } from "../../execution/bundle.ts";
import { auditOf } from "../audit.ts";
import { callerOf } from "../caller.ts";
import { requestIdOf } from "../request-id.ts";
import { tarAnswer } from "../answer.ts";

/** Adds the route that downloads the unpushed work of a workspace. HEAD tells the sizes; it makes the tar as well. */
export function addBundleRoute(app: Hono<{ Bindings: Env }>): void {
  app.get("/v1/workspaces/:sandbox_id/bundle", async (c) => {
    const sandboxId = c.req.param("sandbox_id");
    const { facts, body } = await workOf(await callerOf(c), sandboxId);
    auditOf(c).notes({ sandbox_id: sandboxId, bytes_out: facts.tarBytes });
    const isHead = c.req.raw.method === "HEAD";
    if (isHead) await body.cancel();
    return tarAnswer(isHead ? null : body, {
      requestId: requestIdOf(c.req.raw),
      headers: {
        "Content-Length": String(facts.tarBytes),
        "Content-Disposition": `attachment; filename="${sandboxId}.tar"`,
        "X-Head": facts.head,
        "X-Bundle-Bytes": String(facts.bundleBytes),
        "X-Patch-Bytes": String(facts.patchBytes),
      },
    });
  });
}
