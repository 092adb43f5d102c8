import * as z from "zod/v4";
import { readJson, readQuery } from "../http/body.ts";
import { ApiError, sendJson } from "../http/reply.ts";
import { BASE_IMAGE } from "../state/image.ts";
import { checkTags, DEFAULT_TAG, fullName, parseTemplateName } from "../state/names.ts";
import { Build, type Template } from "../state/template.ts";
import type { ControlCall, Routes } from "./call.ts";

const newTemplate = z.object({
  name: z.string().optional(),
  alias: z.string().optional(),
  tags: z.array(z.string()).default([]),
  cpuCount: z
    .int()
    .min(1)
    .max(32)
    .refine((count) => count === 1 || count % 2 === 0, "CPU count must be 1 or even")
    .default(BASE_IMAGE.cpuCount),
  memoryMB: z.int().min(128).multipleOf(2, "memory must be even").default(BASE_IMAGE.memoryMB),
});
const startBuild = z.object({
  fromImage: z.string().optional(),
  fromTemplate: z.string().optional(),
  steps: z
    .array(z.object({ type: z.string(), args: z.array(z.string()).default([]), filesHash: z.string().optional() }))
    .default([]),
  startCmd: z.string().optional(),
  readyCmd: z.string().optional(),
});
const logsQuery = z.object({
  logsOffset: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(100).default(100),
});

/**
 * Routes that build a template: name it, upload the files for COPY, start the build, poll its status until it is ready.
 */
export const buildRoutes: Routes = {
  "POST /v3/templates": async (call) => {
    const body = await readJson(call.request, newTemplate);
    const given = body.name ?? body.alias;
    if (given === undefined) throw new ApiError(400, "Name is required");
    const { name, tag } = parseTemplateName(given);
    const tags = checkTags([...(tag === undefined ? [] : [tag]), ...body.tags]);
    const template = call.templates.open(call.team, name);
    const build = new Build(tags.length === 0 ? [DEFAULT_TAG] : tags, body.cpuCount, body.memoryMB);
    template.builds.set(build.id, build);
    call.templates.assign(template, build, build.tags);
    sendJson(call.response, 202, {
      templateID: template.id,
      buildID: build.id,
      aliases: [name],
      names: [fullName(name)],
      tags: build.tags,
      public: template.public,
    });
  },
  "GET /templates/{id}/files/{hash}": (call) => {
    theTemplate(call);
    const { present, token } = call.uploads.link(call.team, call.params["hash"] ?? "");
    sendJson(call.response, 201, { present, url: `http://${call.request.headers.host}/_local/uploads/${token}` });
  },
  "POST /v2/templates/{id}/builds/{build}": async (call) => {
    const body = await readJson(call.request, startBuild);
    const { template, build } = theBuild(call);
    if (build.outcome.status !== "waiting") throw new ApiError(400, "build is not in waiting state");
    const from = body.fromTemplate === undefined ? BASE_IMAGE : call.templates.image(call.team, body.fromTemplate);
    const { steps, startCmd, readyCmd } = body;
    // The build continues after the response; the status call reports its outcome.
    void call.builder.build(template, build, { from, ignoredImage: body.fromImage, steps, startCmd, readyCmd });
    call.response.writeHead(202, { "Content-Length": 0 }).end();
  },
  "GET /templates/{id}/builds/{build}/status": (call) => {
    const { template, build } = theBuild(call);
    const { logsOffset, limit } = readQuery(call.url, logsQuery);
    sendJson(call.response, 200, {
      templateID: template.id,
      buildID: build.id,
      status: build.outcome.status,
      logs: [],
      logEntries: build.logs.slice(logsOffset, logsOffset + limit),
      ...(build.outcome.status === "error" ? { reason: build.outcome.reason } : {}),
    });
  },
  "GET /templates/{id}/builds/{build}/logs": (call) => {
    sendJson(call.response, 200, { logs: theBuild(call).build.logs });
  },
};

function theTemplate({ templates, team, params }: ControlCall): Template {
  const template = templates.require(team, params["id"] ?? "");
  if (template.team !== team) throw new ApiError(403, "User does not have access to the template");
  return template;
}

function theBuild(call: ControlCall): { readonly template: Template; readonly build: Build } {
  const template = theTemplate(call);
  const build = template.builds.get(call.params["build"] ?? "");
  if (build === undefined) throw new ApiError(400, `Build '${call.params["build"]}' not found`);
  return { template, build };
}
