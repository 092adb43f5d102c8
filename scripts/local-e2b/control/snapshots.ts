import * as z from "zod/v4";
import { readJson, readQuery } from "../http/body.ts";
import { ApiError, sendJson } from "../http/reply.ts";
import { fullName, parseTemplateName } from "../state/names.ts";
import { requireRunning } from "../state/registry.ts";
import { takeSnapshot } from "../state/snapshot.ts";
import type { Template } from "../state/template.ts";
import type { ControlCall, Routes } from "./call.ts";
import { theSandbox } from "./lifecycle.ts";
import { page } from "./list.ts";
import { sandboxView } from "./view.ts";

const snapshotRequest = z.object({ name: z.string().optional() });
const snapshotQuery = z.object({
  sandboxID: z.string().optional(),
  name: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(100).default(100),
  nextToken: z.string().optional(),
});
/** Limits are E2B's. The default timeout of a fork is that of the first API version, as in E2B. */
const forkRequest = z.object({
  timeout: z.number().default(15),
  count: z.int().min(1, "Count must be at least 1").max(100, "Count cannot be greater than 100").default(1),
});

/**
 * Routes for snapshots and forks, which start sandboxes from another's state. A snapshot is deleted like a template.
 */
export const snapshotRoutes: Routes = {
  "POST /sandboxes/{id}/snapshots": async (call) => {
    const { name } = await readJson(call.request, snapshotRequest);
    const { template, tag } = await takeSnapshot(call.sandboxes, call.templates, theSandbox(call), name);
    sendJson(call.response, 201, snapshotView(template, tag));
  },
  "GET /snapshots": listSnapshots,
  "POST /sandboxes/{id}/fork": fork,
};

function listSnapshots(call: ControlCall): void {
  const query = readQuery(call.url, snapshotQuery);
  const name = query.name === undefined ? undefined : parseTemplateName(query.name);
  const snapshots = call.templates
    .list(call.team)
    .filter(({ sourceSandboxId: source }) => source !== undefined && (query.sandboxID ?? source) === source)
    .filter((template) => name === undefined || template.name === name.name || template.id === name.name)
    .flatMap((template) => call.templates.tags(template).map(({ tag }) => ({ template, tag })))
    .filter(({ tag }) => name?.tag === undefined || name.tag === tag)
    .toReversed()
    .map(({ template, tag }) => snapshotView(template, tag));
  const { items, next } = page(snapshots, query.limit, query.nextToken, ({ snapshotID }) => snapshotID);
  sendJson(call.response, 200, items, next === undefined ? {} : { "X-Next-Token": next });
}

function snapshotView({ id, name }: Template, tag: string): { snapshotID: string; names: string[] } {
  if (name === undefined) return { snapshotID: `${id}:${tag}`, names: [] };
  return { snapshotID: `${fullName(name)}:${tag}`, names: [fullName(name)] };
}

/**
 * Captures the original's files, then makes a sandbox from them for each fork. Each fork succeeds or fails by itself.
 */
async function fork(call: ControlCall): Promise<void> {
  const { timeout, count } = await readJson(call.request, forkRequest);
  const { sandboxes } = call;
  const original = theSandbox(call);
  requireRunning(original);
  sandboxes.limits.checkTimeout(timeout);
  const layers = await sandboxes.capture(original);
  try {
    const { network, allowInternetAccess } = original;
    const spec = { ...original.spec, network, allowInternetAccess, timeoutS: timeout };
    const forks = Array.from({ length: count }, () =>
      sandboxes.create(spec, layers).then(
        (sandbox) => ({ sandbox: sandboxView(sandbox) }),
        (error: unknown) => ({ error: forkError(error) }),
      ),
    );
    sendJson(call.response, 201, await Promise.all(forks));
  } finally {
    await sandboxes.disks.release(layers);
  }
}

function forkError(error: unknown): { code: number; message: string } {
  if (error instanceof ApiError) return { code: error.status, message: error.message };
  return { code: 500, message: String(error) };
}
