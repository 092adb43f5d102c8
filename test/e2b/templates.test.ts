import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type TemplatePlane, templatePlane } from "../../src/e2b/templates.ts";
import { API_KEY, e2bError, empty, hangUp, json, startWireServer } from "./wire-server.ts";
import type { WireServer } from "./wire-server.ts";

const BUILD = { templateId: "tpl0123456789abcdefg", buildId: "4f4e3f35-5d1c-4c8a-9a5b-1d3f6f0a7b11" };
const CONTENT = { fromImage: "debian:trixie-slim", steps: [{ type: "RUN", args: ["true", "root"] }] };

let server: WireServer;
let plane: TemplatePlane;

beforeEach(async () => {
  server = await startWireServer();
  plane = templatePlane(server.config);
  vi.spyOn(Math, "random").mockReturnValue(0); // Retries come at once.
});

afterEach(async () => {
  vi.restoreAllMocks();
  await server.close();
});

const asked = () => server.requests.map(({ method, url }) => `${method} ${url}`);
const sent = (index = 0): unknown => JSON.parse(server.requests[index]?.body.toString() ?? "");
const status = (of: object) => json(200, { templateID: BUILD.templateId, buildID: BUILD.buildId, logs: [], ...of });

describe("a build", () => {
  it("is asked for under a name and tags, with a size", async () => {
    server.answer(json(202, { templateID: BUILD.templateId, buildID: BUILD.buildId, names: ["team/warmtree"] }));
    expect(await plane.request({ name: "warmtree", tags: ["v8"], cpuCount: 1, memoryMb: 512 })).toEqual(BUILD);
    expect(asked()).toEqual(["POST /v3/templates"]);
    expect(server.requests[0]?.headers["x-api-key"]).toBe(API_KEY);
    expect(sent()).toEqual({ name: "warmtree", tags: ["v8"], cpuCount: 1, memoryMB: 512 });
  });

  it("whose id would lead elsewhere in a URL is refused", async () => {
    server.answer(json(202, { templateID: "../sandboxes", buildID: BUILD.buildId }));
    const error = await e2bError(plane.request({ name: "warmtree", tags: [], cpuCount: 1, memoryMb: 512 }));
    expect(error.code).toBe("protocol");
  });

  it("runs every step anew", async () => {
    server.answer(empty(202));
    await plane.start(BUILD, CONTENT);
    expect(asked()).toEqual([`POST /v2/templates/${BUILD.templateId}/builds/${BUILD.buildId}`]);
    expect(sent()).toEqual({ ...CONTENT, force: true });
  });

  it("whose start was answered with silence is found started by the next try", async () => {
    const refused = json(400, { code: 400, message: "build is not in waiting state" });
    server.answer(hangUp, refused, status({ status: "building" }));
    await plane.start(BUILD, CONTENT);
    expect(server.requests).toHaveLength(3);
  });

  it("that E2B will not start is an error", async () => {
    server.answer(json(400, { code: 400, message: "Invalid request body" }), status({ status: "waiting" }));
    expect((await e2bError(plane.start(BUILD, CONTENT))).message).toContain("Invalid request body");
  });

  it.each([
    [{ status: "waiting" }, { state: "waiting" }],
    [{ status: "ready", reason: null }, { state: "ready" }],
    [
      { status: "error", reason: { message: "exit status 100", step: "2", logEntries: [] } },
      { state: "failed", reason: "step 2: exit status 100" },
    ],
    [{ status: "error" }, { state: "failed", reason: "E2B did not say why" }],
  ])("stands as E2B says: %j", async (wire, expected) => {
    server.answer(status(wire));
    expect(await plane.status(BUILD)).toEqual(expected);
  });
});

describe("tags", () => {
  it("are listed with the builds they lead to", async () => {
    server.answer(json(200, [{ tag: "v8", buildID: BUILD.buildId, createdAt: "2026-11-23T12:00:00.5Z" }]));
    const assignedAtMs = Date.UTC(2026, 10, 23, 12, 0, 0, 500);
    expect(await plane.tags("warmtree")).toEqual([{ tag: "v8", buildId: BUILD.buildId, assignedAtMs }]);
    expect(asked()).toEqual(["GET /templates/warmtree/tags"]);
  });

  it("of a template that there is not are none", async () => {
    server.answer(json(404, { code: 404, message: "template 'warmtree' not found" }));
    expect(await plane.tags("warmtree")).toEqual([]);
  });

  it("are assigned and removed", async () => {
    server.answer(json(201, { buildID: BUILD.buildId, tags: ["stable"] }), empty(204));
    await plane.assignTags("warmtree:v8", ["stable"]);
    await plane.removeTags("warmtree", ["v6", "v7"]);
    expect(asked()).toEqual(["POST /templates/tags", "DELETE /templates/tags"]);
    expect([sent(0), sent(1)]).toEqual([
      { target: "warmtree:v8", tags: ["stable"] },
      { name: "warmtree", tags: ["v6", "v7"] },
    ]);
  });
});
