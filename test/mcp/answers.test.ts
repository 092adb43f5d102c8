import { expect, test } from "vitest";
import * as z from "zod/v4";
import { WarmtreeError } from "../../src/errors.ts";
import { parametersOf } from "../../src/mcp/parameters.ts";
import { OPERATIONS } from "../../src/ops/registry.ts";
import { answered, failed, withNextPage } from "../../src/mcp/result.ts";

test("an answer is said once, as compact JSON", () => {
  expect(answered({ clean: true, staged: [] })).toEqual({
    content: [{ type: "text", text: '{"clean":true,"staged":[]}' }],
  });
});

test("a failure says its code, what became of the work and what to do", () => {
  const work = { committed: "abc", pushed: false, tree: "unchanged" } as const;
  const result = failed(new WarmtreeError("conflict", "Pull first.", { work, retryAfterS: 3 }), { done: [] });
  expect(result.isError).toBe(true);
  const [block] = result.content;
  expect(block?.type === "text" && JSON.parse(block.text)).toEqual({
    code: "conflict",
    detail: "Pull first.",
    retryable: false,
    retry_after: 3,
    work,
    done: [],
  });
});

test("a page says how to get the next, the last page nothing", () => {
  expect(withNextPage({ cursor: "40", truncated: true })).toMatchObject({ more: expect.stringContaining('"40"') });
  expect(withNextPage({ truncated: false })).toEqual({ truncated: false });
});

test("pages are small unless asked for otherwise, and an empty parameter is one left out", () => {
  const read = (name: string, given: object) => parametersOf(name, schemaOf(name), given).input;
  expect(read("status", { sandbox_id: "s", cursor: null })).toEqual({ sandbox_id: "s", limit: 40 });
  expect(read("status", { limit: 5000 })).toEqual({ limit: 5000 });
  expect(read("status", { limit: "" })).toEqual({ limit: 40 });
  expect(read("push", { message: "m" })).toEqual({ message: "m" });
});

const schemaOf = (name: string) => OPERATIONS.find((each) => each.name === name)?.input ?? z.never();
