import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { uploadFile } from "../../src/e2b/files.ts";
import { e2bError, hangUp, json, SANDBOX, startWireServer } from "./wire-server.ts";
import type { WireServer } from "./wire-server.ts";

const written = json(200, [{ path: "/home/user/a b", name: "a b", type: "file" }], { "content-type": "text/plain" });
const bytes = Uint8Array.from({ length: 256 }, (_, at) => at);
let server: WireServer;

beforeEach(async () => {
  server = await startWireServer();
  vi.spyOn(Math, "random").mockReturnValue(0); // Retries come at once: other tests check their delays.
});

afterEach(async () => {
  vi.restoreAllMocks();
  await server.close();
});

describe("uploadFile", () => {
  it("sends the bytes as they are to the path as it is", async () => {
    server.answer(written);
    await uploadFile(server.config, SANDBOX, "/home/user/a b&c=ü", bytes);
    const [request] = server.requests;
    expect(new URL(request?.url ?? "", server.url).searchParams.get("path")).toBe("/home/user/a b&c=ü");
    expect(request?.body.equals(bytes)).toBe(true);
    expect(request?.headers).toMatchObject({
      "content-type": "application/octet-stream",
      "x-access-token": SANDBOX.accessToken,
      "e2b-sandbox-id": SANDBOX.sandboxId,
    });
    expect(request?.headers).not.toHaveProperty("x-api-key");
  });

  it("sends a form to an envd that takes nothing else, and names a user to one that has none of its own", async () => {
    server.answer(written, written);
    await uploadFile(server.config, { ...SANDBOX, envdVersion: "0.5.6" }, "a", bytes);
    await uploadFile(server.config, { ...SANDBOX, envdVersion: "0.3.9" }, "a", bytes);
    const [newer, older] = server.requests;
    const form = await new Response(newer?.body, {
      headers: { "content-type": newer?.headers["content-type"] ?? "" },
    }).formData();
    const file = form.get("file");
    if (!(file instanceof File)) throw new Error("no file");
    expect(new Uint8Array(await file.arrayBuffer())).toEqual(bytes);
    expect(newer?.headers).not.toHaveProperty("authorization");
    expect(older?.headers).toMatchObject({ authorization: `Basic ${btoa("user:")}` });
  });

  it("is repeated after passing failures", async () => {
    server.answer(hangUp, json(503, { code: 503, message: "busy" }), written);
    await uploadFile(server.config, SANDBOX, "a", bytes);
    expect(server.requests).toHaveLength(3);
    expect(server.requests.every(({ body }) => body.equals(bytes))).toBe(true);
  });

  it("that failed for good counts as not begun: nobody reads the file", async () => {
    server.answer(hangUp, hangUp, hangUp, hangUp);
    expect(await e2bError(uploadFile(server.config, SANDBOX, "a", bytes))).toMatchObject({
      code: "unavailable",
      started: false,
    });
    expect(server.requests).toHaveLength(4);
  });

  it.each([
    [
      "a paused sandbox",
      json(502, { sandboxId: "iabc", message: "The sandbox was not found", code: 502 }),
      "not_running",
    ],
    ["a full disk", json(507, { code: 507, message: "not enough disk space" }), "capacity"],
    ["an answer of another shape", json(200, []), "protocol"],
  ] as const)("tells %s and does not repeat", async (_name, answer, code) => {
    server.answer(answer);
    expect(await e2bError(uploadFile(server.config, SANDBOX, "a", bytes))).toMatchObject({ code });
    expect(server.requests).toHaveLength(1);
  });
});
