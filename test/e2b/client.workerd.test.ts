import { describe, expect, inject, it, onTestFinished } from "vitest";
import { controlPlane } from "../../src/e2b/control.ts";
import { uploadFile, uploadStream } from "../../src/e2b/files.ts";
import { runProcess } from "../../src/e2b/process.ts";

const url = inject("e2bUrl");
const config = { apiKey: "key", apiUrl: url, sandboxUrl: url, domain: "e2b.app" };
const plane = controlPlane(config);

describe("the client in the runtime of production", () => {
  it("creates a sandbox, sends it a file and reads it back through a process", async () => {
    expect("fromBase64" in Uint8Array).toBe(true); // Node has none: only here does the runtime's own function decode.
    const session = await plane.create({ template: "base", timeoutS: 60, metadata: {}, autoPause: false });
    onTestFinished(async () => void (await plane.kill(session.sandboxId)));

    const bytes = Uint8Array.from({ length: 200_000 }, (_, at) => at % 256);
    await uploadFile(config, session, "bytes", bytes);
    const heard: string[] = [];
    const result = await runProcess(config, session, {
      cmd: "/bin/sh",
      args: ["-c", "cat bytes; echo said >&2; exit 4"],
      envs: {},
      timeoutMs: 20_000,
      maxOutputBytes: 1_000_000,
      onStderr: (text) => heard.push(text),
    });
    expect(result).toMatchObject({ exitCode: 4, stderr: "said\n", truncated: false });
    expect(result.stdout).toEqual(bytes);
    expect(heard.join("")).toBe("said\n");
  });

  it("sends a file as it comes; where it breaks off, so does the file", async () => {
    const session = await plane.create({ template: "base", timeoutS: 60, metadata: {}, autoPause: false });
    onTestFinished(async () => void (await plane.kill(session.sandboxId)));
    const sizes = {
      cmd: "/bin/sh",
      args: ["-c", "wc -c whole broken"],
      envs: {},
      timeoutMs: 20_000,
      maxOutputBytes: 1000,
    };

    async function* bytes(parts: number, end?: Error): AsyncGenerator<Uint8Array> {
      for (let part = 0; part < parts; part++) yield new Uint8Array(100_000);
      if (end) throw end;
    }
    await uploadStream(config, session, "whole", bytes(10));
    await uploadStream(config, session, "broken", bytes(3, new Error("lost")));
    const { stdout } = await runProcess(config, session, sizes);
    const counted = new TextDecoder().decode(stdout).match(/\d+/g);
    expect(counted?.map(Number)).toEqual([1_000_000, 300_000, 1_300_000]);
  });

  it("reads a refusal", async () => {
    await expect(plane.get("iabc")).rejects.toMatchObject({ code: "not_found", started: false });
  });
});
