import { expect, test } from "vitest";
import { envdHas } from "../../src/e2b/envd-version.ts";

test.each([
  ["0.5.7", true],
  ["0.6.0", true],
  ["0.10.0", true],
  ["1.0.0", true],
  ["v0.5.8-dev", true],
  ["0.5.6", false],
  ["0.4.99", false],
  [undefined, true],
  ["unknown", true],
] as const)("envd %s takes a plain upload: %s", (version, has) => {
  expect(envdHas("plainUpload", version)).toBe(has);
});
