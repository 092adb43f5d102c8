import * as z from "zod/v4";
import { readQuery } from "../http/body.ts";
import { ApiError, sendJson } from "../http/reply.ts";
import { parseTemplateName } from "../state/names.ts";
import type { Sandbox } from "../state/sandbox.ts";
import type { ControlCall, Routes } from "./call.ts";
import { listedView } from "./view.ts";

const STATES = ["running", "paused"] as const;
/** E2B's page limit, which is also its default. */
const MAX_PAGE = 100;

const listQuery = z.object({
  metadata: z.string().optional(),
  state: z.string().optional(),
  template: z.string().optional(),
  startedAfter: z.iso.datetime({ offset: true }).optional(),
  order: z.enum(["asc", "desc"]).default("desc"),
  limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(MAX_PAGE),
  nextToken: z.string().optional(),
});

export const listRoutes: Routes = {
  "GET /v2/sandboxes": (call) => listPage(call),
  "GET /sandboxes": (call) => {
    const { metadata } = readQuery(call.url, z.object({ metadata: z.string().optional() }));
    const running = mine(call).filter((sandbox) => sandbox.state === "running" && matches(sandbox, metadata));
    sendJson(call.response, 200, running.map(listedView));
  },
};

function listPage(call: ControlCall): void {
  const query = readQuery(call.url, listQuery);
  const states = readStates(query.state);
  const after = query.startedAfter === undefined ? 0 : Date.parse(query.startedAfter);
  const template = query.template === undefined ? undefined : templateFilter(call, query.template);
  const wanted = mine(call)
    .filter((sandbox) => states.some((state) => state === sandbox.state) && matches(sandbox, query.metadata))
    .filter((sandbox) => sandbox.startedAtMs >= after)
    .filter((sandbox) => query.template === undefined || sandbox.spec.image.templateId === template)
    .sort((a, b) => compare(a, b) * (query.order === "asc" ? 1 : -1));
  const { items, next } = page(wanted, query.limit, query.nextToken, ({ id }) => id);
  const running = wanted.filter((sandbox) => sandbox.state === "running").length;
  sendJson(call.response, 200, items.map(listedView), {
    "X-Total-Running": String(running),
    ...(next === undefined ? {} : { "X-Next-Token": next }),
  });
}

/** Returns the id of the template in a filter. An unknown name is returned as it is, and matches no sandbox. */
function templateFilter({ templates, team }: ControlCall, given: string): string {
  const { name, tag } = parseTemplateName(given);
  if (tag !== undefined) throw new ApiError(400, "template: tags are not supported here");
  return templates.find(team, name)?.id ?? name;
}

function mine({ sandboxes, team }: ControlCall): Sandbox[] {
  return sandboxes.all().filter((sandbox) => sandbox.spec.team === team);
}

/** Orders the oldest first. The id decides between sandboxes of the same millisecond, so that pages never overlap. */
function compare(a: Sandbox, b: Sandbox): number {
  return a.startedAtMs - b.startedAtMs || (a.id < b.id ? -1 : 1);
}

function readStates(given: string | undefined): readonly string[] {
  if (given === undefined) return STATES;
  const states = given.split(",");
  const unknown = states.find((state) => !STATES.some((known) => known === state));
  if (unknown !== undefined) throw new ApiError(400, `state: unknown state '${unknown}'`);
  return states;
}

/**
 * Whether a sandbox has the metadata of a filter. The filter is a query string inside the query string: its keys and
 * values are encoded twice.
 */
function matches(sandbox: Sandbox, filter: string | undefined): boolean {
  if (filter === undefined) return true;
  const wanted = [...new URLSearchParams(filter)].map(([key, value]) => [decode(key), decode(value)] as const);
  return wanted.every(([key, value]) => sandbox.spec.metadata?.[key] === value);
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    // A lone percent sign: the client encoded only once.
    return value;
  }
}

/**
 * Returns one page of a sorted list. The token names the previous page's last item. @throws ApiError 400 if that is
 * gone
 */
export function page<T>(
  all: readonly T[],
  limit: number,
  token: string | undefined,
  idOf: (item: T) => string,
): { readonly items: readonly T[]; readonly next: string | undefined } {
  const last = token === undefined ? -1 : all.findIndex((item) => idOf(item) === decodeToken(token));
  if (token !== undefined && last < 0) throw new ApiError(400, "nextToken: this page does not exist any more");
  const items = all.slice(last + 1, last + 1 + limit);
  const end = items.at(-1);
  const more = end !== undefined && last + 1 + limit < all.length;
  return { items, next: more ? Buffer.from(idOf(end)).toString("base64url") : undefined };
}

function decodeToken(token: string): string {
  return Buffer.from(token, "base64url").toString("utf8");
}
