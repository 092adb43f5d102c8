import { expect, test } from "vitest";
import { passSection } from "../../src/ops/output/passed-section.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);
const textOf = (parts: readonly Uint8Array[]) => new TextDecoder().decode(Buffer.concat(parts));

test.each([1, 2, 7, 1000])(
  "the passed section leaves as it comes, whatever pieces it comes in: %d bytes",
  async (size) => {
    const passed: Uint8Array[] = [];
    const kept: Uint8Array[] = [];
    const before: string[] = [];
    const pass = passSection(2, "n", (sections) => {
      before.push(textOf([sections.get(1) ?? bytesOf("none")]));
      return async (bytes) => void passed.push(bytes);
    });
    // After the section's first mark, bytes that look like a mark are data.
    const output = bytesOf("\0n:1\nfacts\0\0n:2\nbody \0n:2\n \0n:0\nrest");
    for (let at = 0; at < output.length; at += size) kept.push(await pass(output.subarray(at, at + size)));
    expect(before).toEqual(["facts\0"]);
    expect(textOf(passed)).toBe("body \0n:2\n \0n:0\nrest");
    expect(textOf(kept)).toBe("\0n:1\nfacts\0\0n:2\n");
  },
);

test("output without the section is kept, up to more than it can be", async () => {
  const pass = passSection(2, "n", () => expect.unreachable());
  expect(textOf([await pass(bytesOf("\0n:0\nfailed\0"))])).toBe("\0n:0\nfailed\0");
  await expect(pass(new Uint8Array(65_536))).rejects.toThrow("no section 2");
});
