import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Redactor } from "../../src/redaction/redactor.ts";
import { foundIn, printed } from "../support/token-forms.ts";

const TOKENS = [
  "ghp_3b9aEchoed70c1d2F4e5A6b7C8d9E0f1",
  "glpat-x7Yz_0123456789abcde",
  'tok_"9f8e7d6c5b4a\\3f2e1d0c/+&%=odd',
  "\\\\\\\\abcdefgh12345678",
];
const basic = (token: string) => `Basic ${Buffer.from(`x-access-token:${token}`).toString("base64")}`;

describe.each(TOKENS)("%s", (token) => {
  const redactor = new Redactor([token]);
  const said = printed(basic(token), { terminal: false });

  it("is taken out in every form that programs write it in", () => {
    expect(redactor.mayHold(said)).toBe(true);
    expect(foundIn(redactor.clean(said), token)).toEqual([]);
  });

  it("is taken out of JSON, and of JSON in it, which stay JSON and the same otherwise", () => {
    const answer = { [said]: 1, list: [said, null, true, 1.5], "\n": "\u001b \\n \u{1f333}" };
    const kept = { list: [expect.any(String), null, true, 1.5], "\n": answer["\n"] };
    const json = JSON.stringify(answer);
    expect(redactor.mayHold(json)).toBe(true);
    expect(JSON.parse(redactor.cleanJson(json))).toMatchObject(kept);
    expect(foundIn(redactor.cleanJson(json), token)).toEqual(foundIn(JSON.stringify(answer["\n"]), token));
    const overMcp = JSON.stringify({ content: [{ type: "text", text: json }] });
    expect(redactor.mayHold(overMcp)).toBe(true);
    const { content } = JSON.parse(redactor.cleanJson(overMcp));
    expect(content[0].text).toBe(redactor.cleanJson(json));
  });
});

it("takes out base64 of whatever stands before and after a secret", () => {
  const [token = ""] = TOKENS;
  const around = fc.string({ unit: "binary", maxLength: 12 });
  fc.assert(
    fc.property(around, around, (before, after) => {
      const sent = Buffer.from(before + token + after).toString("base64");
      expect(foundIn(new Redactor([token]).clean(`a ${sent} b`), token)).toEqual([]);
    }),
  );
});

it("leaves every text alone that holds no secret", () => {
  const redactor = new Redactor(TOKENS);
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => redactor.clean(text) === text && !redactor.mayHold(text)),
  );
});

it("does not break JSON where a line begins as if it were within a secret", () => {
  const token = "nabcdefgh1234";
  const redactor = new Redactor([token]);
  const json = JSON.stringify({ content: [{ text: JSON.stringify({ diff: `+\n${token.slice(1)} ${token}` }) }] });
  const { content } = JSON.parse(redactor.cleanJson(json));
  expect(JSON.parse(content[0].text)).toEqual({ diff: `+\n${token.slice(1)} [redacted]` });
});

it("takes a file that is JSON for a text where it is not written as compactly as ours, or too deep", () => {
  const [token = ""] = TOKENS;
  const redactor = new Redactor([token]);
  const deep = `${'{"a":'.repeat(50_000)}"${token}"${"}".repeat(50_000)}`;
  for (const content of [`{ "a": "${token}" }\n`, `{"a":"${token}"`, deep]) {
    const cleaned = JSON.parse(redactor.cleanJson(JSON.stringify({ content })));
    expect(cleaned).toEqual({ content: content.replace(token, "[redacted]") });
  }
});

it("takes all of a secret that another begins", () => {
  expect(new Redactor(["abcdefgh", "abcdefgh-ijkl"]).clean("it was abcdefgh-ijkl")).toBe("it was [redacted]");
});

it("leaves what is too short to be told from a word, and what is longer than any key", () => {
  const long = "x".repeat(100_000);
  expect(new Redactor(["", "dev", "local", long]).clean(`dev local ${long}`)).toBe(`dev local ${long}`);
});

it("is not slowed down by what a host makes up", () => {
  const token = '""""""""\\\\\\\\secret-0';
  const text = `${"\\".repeat(300_000)}${'\\"'.repeat(100_000)} secret ${token}`;
  expect(new Redactor([token]).clean(text)).not.toContain(token);
});
