import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseConfig, rentUsdPerS } from "../src/config.ts";
import { SECRET_SETTINGS, secretsIn } from "../src/settings/settings.ts";

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
    monthlyBudgetUsd: 20,
  });
});

test("there is a budget unless the operator wants none", () => {
  const read = (budget: string) => parseConfig({ E2B_API_KEY: "k", E2B_MONTHLY_BUDGET_USD: budget }).monthlyBudgetUsd;
  expect([read("7.5"), read("none")]).toEqual([7.5, undefined]);
  for (const wrong of ["0", "-1", "", "lots"]) {
    expect(() => read(wrong)).toThrow(/^Settings are wrong: E2B_MONTHLY_BUDGET_USD is/);
  }
});

test("a template is built unless the operator names one, and nothing is installed where E2B is on this machine", () => {
  const read = (settings: object) => parseConfig({ E2B_API_KEY: "k", ...settings });
  expect(read({})).toMatchObject({ template: "base", builds: "debian", size: { vcpus: 1, memoryMib: 512 } });
  for (const host of ["127.0.0.1", "localhost", "[::1]"]) {
    expect(read({ E2B_API_URL: `http://${host}:4980` })).toMatchObject({ builds: "host" });
  }
  expect(read({ E2B_API_URL: "http://127.0.0.1:4980", E2B_TEMPLATE_DEFINITION: "debian" }).builds).toBe("debian");
  const own = { template: "mine", builds: undefined, size: { vcpus: 2, memoryMib: 512 } };
  expect(read({ E2B_TEMPLATE: "mine" })).toMatchObject(own);
});

test("a sandbox costs what the template that it started from was built in", () => {
  const config = parseConfig({ E2B_API_KEY: "k" });
  expect(rentUsdPerS(config, "base")).toBeCloseTo(0.00003025, 10);
  expect(rentUsdPerS(config, "warmtree:v3")).toBeCloseTo(0.00001625, 10);
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

test("a secret that holds several keys is all of them, with or without spaces", () => {
  expect(secretsIn({ LEASE_KEY: "one, two,three" })).toEqual(expect.arrayContaining(["one", "two", "three"]));
});

test.each([
  ["Acme Inc.", "Acme Inc"],
  [" Bot <b@x>\n", "Bot b@x"],
  ["'Bøt, 2'", "Bøt, 2"],
])("the author's name has one form for every git: %j, %j", (name, written) => {
  expect(parseConfig({ E2B_API_KEY: "k", GIT_USER_NAME: name }).author.name).toBe(written);
});

describe("what sandboxes may connect to", () => {
  const broker = { E2B_API_KEY: "k", LEASE_KEY: "A".repeat(43), PUBLIC_URL: "https://warmtree.example" };
  const sealedTo = (settings: object) => parseConfig({ ...broker, ...settings }).sealedTo;

  test.each([
    ["https://warmtree.example", "warmtree.example"],
    ["https://203.0.113.7:8443", "203.0.113.7"],
    ["https://[2001:db8::7]", "2001:db8::7"],
    ["http://127.0.0.1:8787", "127.0.0.1:8787"],
    ["http://localhost", "localhost:80"],
    ["http://[::1]:8787", "[::1]:8787"],
  ])("is the broker's host where it is known: at %s, %s", (address, host) => {
    expect(sealedTo({ PUBLIC_URL: address })).toBe(host);
    expect(sealedTo({ PUBLIC_URL: address, SANDBOX_EGRESS: "sealed" })).toBe(host);
    expect(sealedTo({ PUBLIC_URL: address, SANDBOX_EGRESS: "open" })).toBeUndefined();
  });

  test.each([
    ["without a key", { LEASE_KEY: "" }],
    ["without the broker", { CREDENTIALS: "env" }],
    ["without an address that is known before a call", { PUBLIC_URL: undefined }],
    ["where E2B does not see names", { PUBLIC_URL: "https://warmtree.example:8443" }],
  ])("is anything %s, and nothing less can be asked for", (_, settings) => {
    expect(sealedTo(settings)).toBeUndefined();
    expect(sealedTo({ ...settings, SANDBOX_EGRESS: "open" })).toBeUndefined();
    expect(() => sealedTo({ ...settings, SANDBOX_EGRESS: "sealed" })).toThrow(
      /SANDBOX_EGRESS is sealed, which needs .*LEASE_KEY.*PUBLIC_URL.*or set open/,
    );
  });
});

test.each([
  ["E2B_API_KEY", undefined],
  ["API_KEYS", "acme=secret"],
  ["ALLOWED_GIT_HOSTS", "http://example.com:80"],
  ["ALLOWED_GIT_HOSTS", ""],
  ["GIT_SANDBOX_TIMEOUT", "soon"],
  ["GIT_SANDBOX_MAX_RETRIES", "-1"],
  ["CREDENTIALS", "vault"],
  ["LEASE_KEY", "c2hvcnQ"],
  ["PUBLIC_URL", "http://warmtree.example"],
  ["PUBLIC_URL", "https://warmtree.example/path"],
  ["DEFAULT_BRANCH", "never"],
  ["E2B_TEMPLATE_VCPUS", "3"],
  ["E2B_TEMPLATE_MEMORY_MIB", "511"],
  ["E2B_API_URL", "nowhere"],
])("%s=%s is refused by name, and its value is not repeated", (name, value) => {
  const wrong = () => parseConfig({ E2B_API_KEY: "k", [name]: value });
  expect(wrong).toThrow(name);
  if (value) expect(wrong).not.toThrow(new RegExp(`${value}(?!\\w)`));
});

test("every setting of docs/settings.md that is a key or a token is secret; API_KEYS holds digests", () => {
  const page = readFileSync(join(import.meta.dirname, "../docs/settings.md"), "utf8");
  const [, settings = ""] = /^\| setting \|(.*?)\n\n/ms.exec(page) ?? [];
  const names = [...settings.matchAll(/`([A-Z0-9_]*(?:KEY|TOKEN|SECRET|PASSWORD)[A-Z0-9_]*)`[^|]*\|/g)].map(
    ([, name]) => name,
  );
  expect([...new Set(names)].sort()).toEqual(["API_KEYS", ...SECRET_SETTINGS].sort());
});

test("what agents' branches begin with is a name that git takes before another", () => {
  const read = (prefix: string) => parseConfig({ E2B_API_KEY: "k", AGENT_BRANCH_PREFIX: prefix }).agentBranchPrefix;
  expect(parseConfig({ E2B_API_KEY: "k" }).agentBranchPrefix).toBe("agent");
  expect(read("bots/warm-tree_2")).toBe("bots/warm-tree_2");
  for (const wrong of [
    "",
    "/a",
    "a/",
    "a//b",
    "-a",
    "a b",
    "a..b",
    "a.lock",
    "refs",
    "refs/heads",
    "origin",
    "origin/a",
  ]) {
    expect(() => read(wrong)).toThrow(/AGENT_BRANCH_PREFIX/);
  }
});

test("all wrong settings are told at once, in plain words", () => {
  const read = () =>
    parseConfig({
      GIT_SANDBOX_TIMEOUT: "soon",
      GIT_SANDBOX_MAX_RETRIES: "99",
      POOL_SHARDS: "1.5",
      KEEP_POLICY: "x",
      CREDENTIALS: "x",
      E2B_API_URL: "nowhere",
    });
  expect(read).toThrow(
    "Settings are wrong: E2B_API_KEY is required: get one at e2b.dev, then `wrangler secret put E2B_API_KEY`; " +
      "E2B_API_URL is not an address, such as https://example.com; CREDENTIALS is none of 'broker', 'env'; " +
      "GIT_SANDBOX_TIMEOUT is not a number; GIT_SANDBOX_MAX_RETRIES is over 10, the largest that is taken; " +
      "KEEP_POLICY is none of 'tiers', 'learned'; POOL_SHARDS is a number, not a whole number, such as 10",
  );
});
