import { describe, expect, it } from "vitest";
import { encodeEnvelope } from "../../src/e2b/connect.ts";
import { runProcess } from "../../src/e2b/process.ts";

const config = { apiKey: "key", apiUrl: "http://api.test", sandboxUrl: "http://sandbox.test", domain: "e2b.app" };
const request = { cmd: "git", args: ["status"], envs: {}, timeoutMs: 1_000, maxOutputBytes: 1_000_000 };

/** Bytes 0 to 255 again and again, in chunks that do not fall on message boundaries. */
function processStream(bytes: Uint8Array): ReadableStream<Uint8Array> {
  const base64 = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  const last = encodeEnvelope({});
  last[0] = 2;
  const messages = [
    encodeEnvelope({ event: { start: { pid: 1 } } }),
    encodeEnvelope({ event: { data: { stdout: base64 } } }),
    encodeEnvelope({ event: { end: { exited: true } } }),
    last,
  ];
  const wire = Uint8Array.from(messages.flatMap((message) => [...message]));
  return new ReadableStream({
    start(controller) {
      for (let at = 0; at < wire.length; at += 1_000) controller.enqueue(wire.slice(at, at + 1_000));
      controller.close();
    },
  });
}

describe("runProcess in the runtime of production", () => {
  it("decodes every byte with the runtime's own base64", async () => {
    expect("fromBase64" in Uint8Array).toBe(true); // Else this would only repeat what the tests in Node show.
    const bytes = Uint8Array.from({ length: 100_000 }, (_, at) => at % 256);
    const fetcher: typeof fetch = async () =>
      new Response(processStream(bytes), { headers: { "content-type": "application/connect+json" } });
    const result = await runProcess(config, { sandboxId: "iabc" }, request, fetcher);
    expect(result).toMatchObject({ exitCode: 0, truncated: false });
    expect(result.stdout).toEqual(bytes);
  });
});
