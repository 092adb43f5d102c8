import { expect, test } from "vitest";
import { parseConfig } from "../src/config.ts";

const HASH = "0".repeat(64);

test("one setting is required; the others have the plan's defaults", () => {
  expect(parseConfig({ E2B_API_KEY: "k" })).toMatchObject({
    e2b: { apiUrl: "https://api.e2b.app", sandboxUrl: undefined },
    operationTimeoutS: 300,
    maxRetries: 3,
    unusedTtlS: 3600,
    allowedGitHosts: ["github.com"],
    apiKeys: [],
    poolShards: 1,
  });
});

test("lists are read with or without spaces", () => {
  const config = parseConfig({
    E2B_API_KEY: "k",
    API_KEYS: `a=${HASH}, b=${HASH},`,
    ALLOWED_GIT_HOSTS: "github.com, http://127.0.0.1:90",
  });
  expect(config.apiKeys.map(({ tenant }) => tenant)).toEqual(["a", "b"]);
  expect(config.allowedGitHosts).toEqual(["github.com", "http://127.0.0.1:90"]);
});

test.each([
  ["E2B_API_KEY", undefined],
  ["API_KEYS", "acme=secret"],
  ["ALLOWED_GIT_HOSTS", "http://example.com:80"],
  ["ALLOWED_GIT_HOSTS", ""],
  ["GIT_SANDBOX_TIMEOUT", "soon"],
  ["GIT_SANDBOX_MAX_RETRIES", "-1"],
  ["CREDENTIALS", "none"],
  ["E2B_API_URL", "nowhere"],
])("%s=%s is refused by name, and its value is not repeated", (name, value) => {
  const wrong = () => parseConfig({ E2B_API_KEY: "k", [name]: value });
  expect(wrong).toThrow(name);
  if (value) expect(wrong).not.toThrow(new RegExp(`${value}(?!\\w)`));
});
