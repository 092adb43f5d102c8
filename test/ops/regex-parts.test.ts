import * as fc from "fast-check";
import { expect, test } from "vitest";
import { regexParts } from "../../src/ops/regex-parts.ts";

test.each([
  ["", 0],
  ["abc", 3],
  ["a|b", 3],
  ["a*b+c?", 3],
  ["a{3}", 3],
  ["a{2,5}", 5],
  ["a{,7}", 7],
  ["a{4,}", 4],
  ["a{0}", 1],
  ["(ab){3}", 9],
  ["(a{10}){10}", 110],
  ["a{10}{10}", 100],
  ["a{1,32767}{1,32767}", 32767 ** 2],
  ["[a{9}]{2}", 2],
  ["[]a]{3}", 3],
  ["[^]a]{3}", 3],
  ["[[:alpha:]]{3}", 3],
  ["\\({3}", 3],
  ["\\{3}", 3],
  ["a{x}", 4],
  ["((a){2}", 4],
  ["a)b{3}", 5],
])("%s has %d parts", (pattern, parts) => {
  expect(regexParts(pattern)).toBe(parts);
});

test("any text has some number of parts, and no fewer with more at its end", () => {
  const text = fc.string({
    unit: fc.constantFrom("a", "(", ")", "[", "]", "{", "}", ",", "1", "9", "*", "\\", "^", ":"),
  });
  fc.assert(
    fc.property(text, (pattern) => {
      const parts = regexParts(pattern);
      expect(parts).toBeGreaterThanOrEqual(0);
      expect(Number.isNaN(parts)).toBe(false);
    }),
  );
});
