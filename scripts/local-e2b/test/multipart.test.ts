import * as fc from "fast-check";
import { expect, it } from "vitest";
import { readParts } from "../envd/multipart.ts";

const content = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  // Bytes that look like the start of a delimiter.
  fc
    .array(fc.constantFrom("\r\n", "--", "\r\n--bound", "\r", "x"), { maxLength: 20 })
    .map((parts) => Buffer.from(parts.join(""))),
);
const part = fc.record({
  filename: fc.option(fc.constantFrom("a.txt", "dir/b c.txt", "ü☃"), { nil: undefined }),
  content,
});

it("reads any parts from any chunks", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(part, { minLength: 1, maxLength: 4 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
      async (parts, sizes) => {
        const read: { filename: string | undefined; content: string }[] = [];
        for await (const { filename, content: body, name } of readParts(
          chunks(encode(parts), sizes),
          'multipart/form-data; boundary="boundary"',
        )) {
          expect(name).toBe("file");
          read.push({ filename, content: await text(body) });
        }
        expect(read).toEqual(
          parts.map(({ filename, content: body }) => ({ filename, content: body.toString("latin1") })),
        );
      },
    ),
  );
});

it("goes on when a part is not read", async () => {
  const names: (string | undefined)[] = [];
  const form = encode([
    { filename: "one", content: Buffer.alloc(5000, "x") },
    { filename: "two", content: Buffer.from("y") },
  ]);
  for await (const { filename } of readParts(chunks(form, [7]), "multipart/form-data; boundary=boundary")) {
    names.push(filename);
  }
  expect(names).toEqual(["one", "two"]);
});

it("refuses a form that ends too early", async () => {
  const form = encode([{ filename: "one", content: Buffer.from("content") }]);
  const read = async () => {
    for await (const { content: body } of readParts(
      chunks(form.subarray(0, -20), [9]),
      "multipart/form-data; boundary=boundary",
    )) {
      await text(body);
    }
  };
  await expect(read()).rejects.toThrow("ends too early");
});

function encode(parts: readonly { filename: string | undefined; content: Buffer }[]): Buffer {
  const pieces = parts.flatMap(({ filename, content: body }) => [
    `--boundary\r\nContent-Disposition: form-data; name="file"${filename === undefined ? "" : `; filename="${filename}"`}\r\n\r\n`,
    body,
    "\r\n",
  ]);
  return Buffer.concat([...pieces, "--boundary--\r\n"].map((piece) => Buffer.from(piece)));
}

async function* chunks(whole: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  let at = 0;
  for (let index = 0; at < whole.length; index++) {
    const size = sizes[index % sizes.length] ?? 1;
    yield whole.subarray(at, at + size);
    at += size;
  }
}

async function text(body: AsyncIterable<Buffer>): Promise<string> {
  let read = "";
  for await (const chunk of body) read += chunk.toString("latin1");
  return read;
}
