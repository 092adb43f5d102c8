import { afterEach, beforeEach, expect, test } from "vitest";
import { type SnapshotMode, type SnapshotPlane, snapshotPlane } from "../../src/e2b/snapshots.ts";
import { e2bError, json, startWireServer, type WireServer } from "./wire-server.ts";

let server: WireServer;
let plane: SnapshotPlane;

beforeEach(async () => {
  server = await startWireServer();
  plane = snapshotPlane(server.config);
});
afterEach(() => server.close());

test.each<[SnapshotMode, object]>([
  ["filesystem", { name: "warmtree-s1", memory: false }],
  ["full", { name: "warmtree-s1" }],
])("a snapshot in mode %s", async (mode, body) => {
  server.answer(json(201, { snapshotID: "team/warmtree-s1:default", names: [] }));
  expect(await plane.take("ico506fpd5nlo1n59zhkg", "warmtree-s1", mode)).toBe("team/warmtree-s1:default");
  const [request] = server.requests;
  expect(request?.url).toBe("/sandboxes/ico506fpd5nlo1n59zhkg/snapshots");
  expect(JSON.parse(request?.body.toString() ?? "")).toEqual(body);
});

test("an id that would lead elsewhere in a URL is refused before E2B is asked", async () => {
  const error = await e2bError(plane.take("../templates", "warmtree-s1", "full"));
  expect(error.code).toBe("invalid_request");
  expect(server.requests).toEqual([]);
});
