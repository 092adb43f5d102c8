import { expect, test } from "vitest";
import { Redactor } from "../../src/redaction/redactor.ts";
import { keptResult } from "../../src/runs/kept-result.ts";

const SECRET = "secret-of-the-caller";
const redactor = new Redactor([SECRET]);

test("an answer is kept without secrets", () => {
  expect(keptResult({ head: "c0", text: `a ${SECRET} b` }, redactor)).toEqual({
    result: '{"head":"c0","text":"a [redacted] b"}',
  });
});

test("of one that is too large, the short members are kept: other steps may refer to them", () => {
  const kept = keptResult({ head: "c0", content: "x".repeat(300_000), host: SECRET, truncated: false }, redactor);
  expect(kept).toEqual({ result: '{"head":"c0","host":"[redacted]","truncated":false}', isCut: true });
});
