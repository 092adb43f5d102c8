import { countTokens as cl100k } from "gpt-tokenizer/encoding/cl100k_base";
import { countTokens as o200k } from "gpt-tokenizer/encoding/o200k_base";
import * as fc from "fast-check";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ROOT } from "../../scripts/support/tools.ts";
import { fitted, MAX_TOKENS, shareThatFits } from "../../src/mcp/fitted.ts";
import { tokensOf } from "../../src/mcp/tokens.ts";

const MOST = 10_000;
const source = (path: string) => readFileSync(join(ROOT, path), "utf8");
const bytes = (count: number) =>
  Buffer.concat(Array.from({ length: count / 32 }, (_, n) => createHash("sha256").update(String(n)).digest()));
const letters = (first: number, range: number) =>
  [...bytes(16_000)].map((byte, n) => String.fromCodePoint(first + ((byte * 256 + n) % range))).join("");

/** Texts as files and logs have them, and texts with the most tokens for their length. */
const TEXTS: Readonly<Record<string, string>> = {
  TypeScript: source("src/steps/run.ts"),
  JSON: source("package-lock.json").slice(0, 40_000),
  Markdown: source("docs/pool.md"),
  shell: source("src/ops/scripts/push.sh"),
  hexadecimal: bytes(16_000).toString("hex"),
  base64: bytes(20_000).toString("base64"),
  "commit ids": (bytes(12_000).toString("hex").match(/.{40}/g) ?? []).join("\n"),
  Chinese: "中文字符漢字テスト日本語文章説明".repeat(900),
  "rare characters": letters(0x3400, 6000),
  accents: letters(0xc0, 300),
  Russian: "Съешь ещё этих мягких французских булок да выпей чаю ".repeat(300),
  emoji: "😀🎉🚀👩‍💻".repeat(1500),
  "no words": letters(97, 26),
  "NO WORDS": letters(65, 26),
  digits: letters(48, 10),
  punctuation: letters(33, 14),
  "empty lines": " \n".repeat(10_000),
};

test.each(Object.keys(TEXTS))("no encoding makes more tokens of %s than are estimated", (name) => {
  const text = JSON.stringify(TEXTS[name]);
  const most = Math.max(o200k(text), cl100k(text));
  expect(tokensOf(text)).toBeGreaterThanOrEqual(most * 0.94);
});

test("code is taken for at most a third more than it is", () => {
  const text = JSON.stringify(TEXTS["TypeScript"]);
  expect(tokensOf(text)).toBeLessThan(o200k(text) * 1.33);
});

describe("an answer that is too long", () => {
  test("stays as it is where it is not", () => {
    const facts = { path: "a.ts", content: TEXTS["TypeScript"] };
    expect(fitted(facts)).toBe(facts);
  });

  test.each(Object.keys(TEXTS))("keeps its small members, and the start of its text: %s", (name) => {
    const content = (TEXTS[name] ?? "").repeat(20);
    const answer = { path: "a.ts", content, cursor: "9" };
    const short = fitted(answer);
    expect(short).toMatchObject({
      path: "a.ts",
      cursor: "9",
      cut: expect.stringMatching(/^content: the first \d+ of/),
    });
    const text = JSON.stringify(short);
    expect(Math.max(o200k(text), cl100k(text))).toBeLessThanOrEqual(MOST);
    expect(o200k(text)).toBeGreaterThan(1000);
    expect("content" in short && typeof short.content === "string" && content.startsWith(short.content)).toBe(true);
  });

  test("of many conflicts has the first whole, and the paths of the others", () => {
    const text = (n: number) => `${(TEXTS["TypeScript"] ?? "").slice(n * 50, n * 50 + 600)}\n`;
    const conflicts = Array.from({ length: 50 }, (_, n) => ({
      path: `src/${n}.ts`,
      kind: "content",
      base: text(n),
      ours: text(n + 1),
      theirs: text(n + 2),
    }));
    const short = fitted({ code: "conflict", detail: "They conflict.", conflicts });
    expect(short).toMatchObject({
      code: "conflict",
      detail: "They conflict.",
      cut: expect.stringMatching(/^conflicts: without the last \d+, of src\/\d+\.ts, /),
    });
    const kept = "conflicts" in short && Array.isArray(short.conflicts) ? short.conflicts : [];
    expect(kept.length).toBeGreaterThan(5);
    expect(kept).toEqual(conflicts.slice(0, kept.length));
    expect(o200k(JSON.stringify(short))).toBeLessThanOrEqual(MOST);
  });

  test("of several steps keeps the small ones whole", () => {
    const small = { op: "status", branch: "main", staged: [] };
    const short = fitted({ done: [small, { op: "read", content: (TEXTS["Markdown"] ?? "").repeat(9) }, small] });
    expect(short).toMatchObject({ done: [small, { op: "read" }, small], cut: expect.stringContaining("content") });
  });

  test("whatever it holds, it fits and is JSON of the same members", () => {
    const long = fc
      .tuple(fc.constantFrom(...Object.values(TEXTS)), fc.nat(40_000))
      .map(([text, end]) => text.slice(0, end));
    const value = fc.letrec((tie) => ({
      part: fc.oneof(
        { maxDepth: 3 },
        long,
        fc.integer(),
        fc.constant(null),
        fc.array(tie("part"), { maxLength: 8 }),
        fc.dictionary(fc.constantFrom("path", "content", "done", "n"), tie("part"), { maxKeys: 4 }),
      ),
    })).part;
    fc.assert(
      fc.property(fc.record({ a: value, b: value, c: value }), (facts) => {
        const short = fitted(facts);
        const isWhole = shareThatFits(facts) === 1;
        expect(tokensOf(JSON.stringify(short))).toBeLessThanOrEqual(isWhole ? Infinity : MAX_TOKENS);
        expect(Object.keys(short)).toEqual(isWhole ? ["a", "b", "c"] : ["a", "b", "c", "cut"]);
      }),
      { numRuns: 50 },
    );
  }, 120_000);
});
