import type { IncomingMessage, ServerResponse } from "node:http";
import type { Counters } from "./counters.ts";
import { type Faults, faultsSchema } from "./faults.ts";
import { readJson } from "./http/body.ts";
import { ApiError, sendApiError, sendEmpty, sendJson } from "./http/reply.ts";
import type { SandboxStore } from "./state/store.ts";

/** Prefix of the routes that only this host has; E2B has no routes under it. */
export const ADMIN_PREFIX = "/_local/";

/** Features that this machine gives sandboxes. */
interface Facts {
  readonly isolation: "namespaces" | "none";
  readonly layered: boolean;
  readonly egress: boolean;
}

export interface AdminContext {
  readonly facts: Facts;
  readonly sandboxes: SandboxStore;
  readonly faults: Faults;
  readonly counters: Counters;
}

type AdminHandler = (context: AdminContext, request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

const ROUTES: Readonly<Record<string, AdminHandler>> = {
  "GET /_local/host": ({ facts }, _request, response) => sendJson(response, 200, facts),
  "GET /_local/faults": ({ faults }, _request, response) => sendJson(response, 200, faults.settings),
  "PUT /_local/faults": async ({ faults }, request, response) => {
    faults.set(await readJson(request, faultsSchema));
    sendJson(response, 200, faults.settings);
  },
  "DELETE /_local/faults": ({ faults }, _request, response) => {
    faults.reset();
    sendEmpty(response);
  },
  "POST /_local/faults/release": ({ faults }, _request, response) => {
    faults.release();
    sendEmpty(response);
  },
  "GET /_local/counters": ({ counters }, _request, response) => sendJson(response, 200, counters.read()),
  "DELETE /_local/counters": ({ counters }, _request, response) => {
    counters.reset();
    sendEmpty(response);
  },
  "GET /_local/account": ({ sandboxes }, _request, response) => sendJson(response, 200, sandboxes.account()),
  "GET /_local/sandboxes": ({ sandboxes }, _request, response) => {
    const rows = sandboxes.all().map((sandbox) => ({
      sandboxID: sandbox.id,
      templateID: sandbox.spec.image.templateId,
      state: sandbox.state,
      metadata: sandbox.spec.metadata ?? {},
      endAt: new Date(sandbox.endAtMs).toISOString(),
      tree: sandbox.machine.tree,
    }));
    sendJson(response, 200, rows);
  },
};

export async function serveAdmin(
  context: AdminContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = (request.url ?? "/").split("?", 1)[0] ?? "/";
  try {
    const vanish = /^DELETE \/_local\/sandboxes\/([a-z0-9]+)$/.exec(`${request.method} ${path}`)?.[1];
    if (vanish !== undefined) {
      await context.sandboxes.vanish(vanish);
      sendEmpty(response);
      return;
    }
    const handler = ROUTES[`${request.method} ${path}`];
    if (handler === undefined) throw new ApiError(404, `the local host has no route ${request.method} ${path}`);
    await handler(context, request, response);
  } catch (error) {
    sendApiError(response, error instanceof ApiError ? error : new ApiError(500, String(error)));
  }
}
