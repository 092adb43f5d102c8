import type { Hono } from "hono";
import type * as z from "zod/v4";
import { WarmtreeError } from "../../errors.ts";
import { parseRepository } from "../../remote/address.ts";
import { dropSnapshot, listSnapshots, makeSnapshot, snapshotOf } from "../../clone/snapshots.ts";
import { parseInput } from "../../execution/parse-input.ts";
import { answer } from "../answer.ts";
import { readJsonObject } from "../body.ts";
import { callerOf } from "../caller.ts";
import { snapshotInput, type snapshotListSchema } from "../../api/schemas.ts";

/** Clients abandon a call after 60 s. The build continues; repeating the call reports its state. */
const ANSWER_WITHIN_MS = 45_000;

/**
 * Adds the routes of repository snapshots, which list, make and drop them. Often cloned repositories get one without a
 * request.
 */
export function addSnapshotRoutes(app: Hono<{ Bindings: Env }>, answerWithinMs = ANSWER_WITHIN_MS): void {
  app.get("/v1/snapshots", async (c) => {
    const snapshots = await listSnapshots(await callerOf(c));
    return answer({ snapshots } satisfies z.output<typeof snapshotListSchema>);
  });

  app.post("/v1/snapshots", async (c) => {
    const caller = await callerOf(c);
    const { repo_url } = parseInput(snapshotInput, await readJsonObject(c.req.raw));
    const repository = parseRepository(repo_url, caller.config.allowedGitHosts);
    const made = makeSnapshot(caller, repository);
    caller.waitUntil(made.catch(() => undefined));
    const timeUp = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => timeUp.resolve(undefined), answerWithinMs);
    await Promise.race([made, timeUp.promise]).finally(() => clearTimeout(timer));
    const snapshot = await snapshotOf(caller, repository);
    if (!snapshot) {
      throw new WarmtreeError("sandbox_unavailable", "The snapshot could not be made; try again in a minute.");
    }
    return answer(snapshot, { status: snapshot.state === "ready" ? 200 : 202 });
  });

  app.delete("/v1/snapshots/:snapshot_id", async (c) => {
    await dropSnapshot(await callerOf(c), c.req.param("snapshot_id"));
    return answer(null);
  });
}
