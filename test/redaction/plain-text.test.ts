import * as fc from "fast-check";
import { expect, test } from "vitest";
import { errorBody, WarmtreeError } from "../../src/errors.ts";
import { cutAtWord, plainText } from "../../src/redaction/plain-text.ts";

test.each([
  ["\x1b[31mred\x1b[0m", "red"],
  ["\x1b[38;5;196mred\x1b[m", "red"],
  ["\x1b]0;a title\x07after", "after"],
  ["\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\", "link"],
  ["\x1bPq#0;2;0\x1b\\picture", "picture"],
  ["\x1b(Bset, \x1bcreset, \x1b7saved", "set, reset, saved"],
  ["\x9b31mred\x9d0;a title\x9cafter", "redafter"],
  ["\x1b]0;never ends, and we go on\nnext line\x07", "0;never ends, and we go on\nnext line"],
  ["\x1b\x1b[31m[31mtwice", "[31mtwice"],
  ["ends in \x1b", "ends in "],
  ["one\r\ntwo\tthree\x00\x08\x7f\x85", "one\ntwo\tthree"],
  ["\u202eexe.txt\u202c \u2066a\u2069 \u200ei\u200f \u061c", "exe.txt a i "],
  ["tok\u200ben \u200c\u200d\u2060\ufeff", "token "],
  ["größe – 大小 \u{1f333} \u00a0", "größe – 大小 \u{1f333} \u00a0"],
  ["you sent Basic eC1hY2Nlc3M= and bearer abc.def-_~+/", "you sent Basic [redacted] and bearer [redacted]"],
  ["Ba\x1b[0msic \u200beC1hY2Nlc3M=", "Basic [redacted]"],
  ["HTTP Basic: Access denied", "HTTP Basic: Access denied"],
])("%j", (said, told) => {
  expect(plainText(said)).toBe(told);
});

test.each([
  ["short", 10, "short"],
  ["a word and_another", 10, "a word"],
  ["a word and_another", 6, "a word"],
  ["one_word_alone", 5, ""],
])("%j cut to %i characters ends with a word", (text, most, cut) => {
  expect(cutAtWord(text, most)).toBe(cut);
});

test("whatever is said, nothing in the words of an error steers a terminal or hides", () => {
  const piece = fc.constantFrom(
    "\x1b",
    "[",
    "]",
    "\x9b",
    "\x9d",
    "0",
    ";",
    "m",
    "\x07",
    "\\",
    "\u202e",
    "\u200b",
    "a",
    "\n",
  );
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const { detail } = errorBody(new WarmtreeError("git_failed", pieces.join("")));
      // oxlint-disable-next-line no-control-regex -- the output must not have these characters
      expect(detail).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\u200b]/);
    }),
    { numRuns: 2000 },
  );
});
