import * as z from "zod/v4";
import { readJson } from "../http/body.ts";
import { ApiError, sendEmpty, sendJson } from "../http/reply.ts";
import { BASE_IMAGE } from "../state/image.ts";
import { checkTags, DEFAULT_TAG, fullName, parseTemplateName } from "../state/names.ts";
import type { Build, Template } from "../state/template.ts";
import type { ControlCall, Routes } from "./call.ts";
import { DISK_SIZE_MB, ENVD_VERSION } from "./view.ts";

const tagsRequest = z.object({ target: z.string(), tags: z.array(z.string()).min(1, "At least one tag is required") });
const untagRequest = z.object({ name: z.string(), tags: z.array(z.string()).min(1, "At least one tag is required") });
const updateRequest = z.object({ public: z.boolean().optional() });

/** Routes that list, name, tag and delete templates; builds.ts has the routes that build them. */
export const templateRoutes: Routes = {
  "GET /templates": listTemplates,
  "GET /v2/templates": listTemplates,
  "GET /templates/aliases/{alias}": (call) => {
    const { template, explicitTag } = named(call, call.params["alias"] ?? "");
    if (template === "base") return sendJson(call.response, 200, { templateID: BASE_IMAGE.templateId, public: true });
    if (explicitTag !== undefined) buildOf(call, template, explicitTag);
    return sendJson(call.response, 200, { templateID: template.id, public: template.public });
  },
  "POST /templates/tags": async (call) => {
    const { target, tags } = await readJson(call.request, tagsRequest);
    const { template, explicitTag = DEFAULT_TAG } = own(call, target);
    const build = buildOf(call, template, explicitTag);
    const checked = checkTags(tags);
    call.templates.assign(template, build, checked);
    sendJson(call.response, 201, { buildID: build.id, tags: checked });
  },
  "DELETE /templates/tags": async (call) => {
    const { name, tags } = await readJson(call.request, untagRequest);
    const checked = checkTags(tags);
    if (checked.includes(DEFAULT_TAG)) throw new ApiError(400, `Cannot delete the '${DEFAULT_TAG}' tag`);
    const { template } = own(call, name);
    await call.templates.unassign(template, checked);
    sendEmpty(call.response);
  },
  "GET /templates/{id}/tags": (call) => {
    const { template } = own(call, call.params["id"] ?? "");
    sendJson(call.response, 200, call.templates.tags(template));
  },
  "GET /templates/{id}": (call) => {
    const { template } = own(call, call.params["id"] ?? "");
    sendJson(call.response, 200, { ...templateView(template), builds: [...template.builds.values()].map(buildView) });
  },
  "PATCH /templates/{id}": (call) => update(call, 200),
  "PATCH /v2/templates/{id}": (call) => update(call, 200),
  "DELETE /templates/{id}": remove,
};

function listTemplates(call: ControlCall): void {
  const built = call.templates.list(call.team).filter(({ sourceSandboxId }) => sourceSandboxId === undefined);
  sendJson(call.response, 200, built.map(templateView));
}

async function update(call: ControlCall, status: number): Promise<void> {
  const body = await readJson(call.request, updateRequest);
  const { template } = own(call, call.params["id"] ?? "");
  template.public = body.public ?? template.public;
  sendJson(call.response, status, { names: template.name === undefined ? [] : [fullName(template.name)] });
}

/** Deletes a template or a snapshot. Refuses while a sandbox that started from it is running or paused. */
async function remove(call: ControlCall): Promise<void> {
  const { template } = own(call, call.params["id"] ?? "");
  const user = call.sandboxes.all().find(({ spec }) => spec.image.templateId === template.id);
  if (user !== undefined) {
    const message = `cannot delete template '${template.id}' because there are ${user.state} sandboxes using it`;
    throw new ApiError(400, message);
  }
  await call.templates.delete(template);
  sendEmpty(call.response);
}

interface Named<T> {
  readonly template: T;
  readonly explicitTag: string | undefined;
}

function named({ templates, team }: ControlCall, given: string): Named<Template | "base"> {
  const { name, tag } = parseTemplateName(given);
  return { template: name === BASE_IMAGE.templateId ? "base" : templates.require(team, given), explicitTag: tag };
}

/** Returns a template that this team may change. @throws ApiError 403 or 404 */
function own(call: ControlCall, given: string): Named<Template> {
  const { template, explicitTag } = named(call, given);
  if (template === "base" || template.team !== call.team) {
    throw new ApiError(403, `You don't have access to sandbox template '${given}'`);
  }
  return { template, explicitTag };
}

function buildOf({ templates }: ControlCall, template: Template, tag: string): Build {
  const ready = templates.ready(template, tag);
  if (ready !== undefined) return ready.build;
  throw new ApiError(404, `tag '${tag}' does not exist for template '${template.name ?? template.id}'`);
}

function templateView(template: Template): object {
  const latest = [...template.builds.values()].at(-1);
  const names = template.name === undefined ? [] : [template.name];
  return {
    templateID: template.id,
    buildID: latest?.id ?? "",
    buildStatus: latest?.outcome.status ?? "waiting",
    buildCount: template.builds.size,
    cpuCount: latest?.cpuCount ?? BASE_IMAGE.cpuCount,
    memoryMB: latest?.memoryMB ?? BASE_IMAGE.memoryMB,
    diskSizeMB: DISK_SIZE_MB,
    envdVersion: ENVD_VERSION,
    aliases: names,
    names: names.map(fullName),
    public: template.public,
    createdAt: template.createdAt,
    updatedAt: latest?.updatedAt ?? template.createdAt,
    createdBy: null,
    lastSpawnedAt: template.lastSpawnedAt,
    spawnCount: template.spawnCount,
  };
}

function buildView({ id, outcome, createdAt, updatedAt, cpuCount, memoryMB }: Build): object {
  const finished = outcome.status === "ready" || outcome.status === "error";
  return {
    buildID: id,
    status: outcome.status,
    createdAt,
    updatedAt,
    ...(finished ? { finishedAt: updatedAt } : {}),
    cpuCount,
    memoryMB,
    diskSizeMB: DISK_SIZE_MB,
    envdVersion: ENVD_VERSION,
  };
}
