import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseConfig } from "../../src/config.ts";
import { globRegex } from "../../src/policy/glob.ts";
import { policyDocument, policyOf } from "../../src/policy/policy.ts";

const read = (document: unknown, settings: object = {}) =>
  parseConfig({
    E2B_API_KEY: "k",
    POLICY: typeof document === "string" ? document : JSON.stringify(document),
    ...settings,
  });

test("without a setting, the defaults apply to everybody", () => {
  const expected = {
    refs: { default_branch: "named", tags: true, delete_own: true },
    paths: [".github/workflows/**"],
    max_file_bytes: 104_857_600,
    max_push_bytes: 524_288_000,
    max_files: 10_000,
    secrets: "refuse",
    allow_secrets: true,
  };
  expect(policyOf(parseConfig({ E2B_API_KEY: "k" }).policy, "acme", "github.com")).toEqual(expected);
  expect(policyOf(read("").policy, "acme", "github.com")).toEqual(expected);
});

test("later ones win, member by member: default, host, tenant, host of the tenant; a list replaces a list", () => {
  const { policy } = read({
    default: { max_files: 1, max_file_bytes: 1, max_push_bytes: 1, secrets: "tell", refs: { tags: false } },
    hosts: { "github.com": { max_files: 2, max_file_bytes: 2, max_push_bytes: 2, paths: ["a"] } },
    tenants: {
      acme: {
        max_files: 3,
        max_file_bytes: 3,
        refs: { delete_own: false },
        hosts: { "github.com": { max_files: 4, paths: [] } },
      },
    },
  });
  expect(policyOf(policy, "acme", "github.com")).toMatchObject({
    refs: { default_branch: "named", tags: false, delete_own: false },
    paths: [],
    max_files: 4,
    max_file_bytes: 3,
    max_push_bytes: 2,
    secrets: "tell",
  });
  expect(policyOf(policy, "other", "github.com")).toMatchObject({ max_files: 2, paths: ["a"], refs: { tags: false } });
  expect(policyOf(policy, "other", "git.example")).toMatchObject({ max_files: 1, paths: [".github/workflows/**"] });
  expect(policyOf(policy, "acme", "git.example")).not.toHaveProperty("hosts");
});

test("names that every object has are no tenants and no hosts", () => {
  for (const name of ["constructor", "__proto__", "toString", "hasOwnProperty"]) {
    expect(policyOf(policyDocument.parse({ hosts: {}, tenants: {} }), name, name)).toEqual(policyOf({}, "", ""));
  }
});

test("DEFAULT_BRANCH is the default of its rule", () => {
  const open = { DEFAULT_BRANCH: "open" };
  const word = (document: object, settings: object, tenant = "a") =>
    policyOf(read(document, settings).policy, tenant, "github.com").refs.default_branch;
  expect(word({}, open)).toBe("open");
  expect(word({ default: { refs: { tags: false } } }, open)).toBe("open");
  expect(word({ default: { refs: { default_branch: "never" } } }, open)).toBe("never");
  expect(word({ tenants: { a: { refs: { default_branch: "named" } } } }, open)).toBe("named");
});

test("the setting may be a table of wrangler.toml", () => {
  const config = parseConfig({ E2B_API_KEY: "k", POLICY: { default: { max_files: 5 } } });
  expect(policyOf(config.policy, "a", "github.com").max_files).toBe(5);
});

test.each<[unknown, RegExp]>([
  ["{", /^Settings are wrong: POLICY is not JSON$/],
  ["[]", /: POLICY is a list, not an object$/],
  [{ defaults: {} }, /: POLICY has unknown fields: defaults$/],
  [{ default: { max_file: 1 } }, /: POLICY\.default has unknown fields: max_file$/],
  [{ default: { max_files: "7" } }, /: POLICY\.default\.max_files is a text, not a number$/],
  [{ default: { max_files: 0 } }, /: POLICY\.default\.max_files is under 1, the smallest that is taken$/],
  [{ tenants: { acme: { secrets: "maybe" } } }, /: POLICY\.tenants\.acme\.secrets is none of 'refuse', 'tell', 'off'$/],
  [{ default: { refs: { tags: 1 } } }, /: POLICY\.default\.refs\.tags is a number, not true or false$/],
  [{ default: { paths: "x" } }, /: POLICY\.default\.paths is a text, not a list, such as \["a"\]$/],
  [{ default: { paths: ["/x"] } }, /: POLICY\.default\.paths\.0 is not a pattern of paths such as docs\/\*\*$/],
  [{ default: { paths: ["a\nb"] } }, /: POLICY\.default\.paths\.0 is not a pattern/],
  [{ hosts: { "githb.com": {} } }, /: POLICY\.hosts\.githb\.com is not in ALLOWED_GIT_HOSTS$/],
  [{ tenants: { a: { hosts: { x: {} } } } }, /: POLICY\.tenants\.a\.hosts\.x is not in ALLOWED_GIT_HOSTS$/],
])("%j is refused, and its place is told", (document, words) => {
  expect(() => read(document)).toThrow(words);
});

test("the example of docs/policy.md is taken", () => {
  const page = readFileSync(join(import.meta.dirname, "../../docs/policy.md"), "utf8");
  const [, example = ""] = /```json\n([^]*?)```/.exec(page) ?? [];
  const { policy } = read(example, { ALLOWED_GIT_HOSTS: "github.com,git.example.com" });
  expect(policyOf(policy, "acme", "github.com").refs.default_branch).toBe("never");
  expect(policyOf(policy, "acme", "git.example.com")).toMatchObject({ paths: [".gitlab-ci.yml"], secrets: "tell" });
});

test("the defaults are those of docs/policy.md", () => {
  const page = readFileSync(join(import.meta.dirname, "../../docs/policy.md"), "utf8");
  const rows = [...page.matchAll(/^\| `([a-z_.]+)` \| `?([^|`]+?)`?(?: \([^|]*\))? \|/gm)];
  const { refs, ...others } = policyOf({}, "", "");
  const told = {
    ...others,
    ...Object.fromEntries(Object.entries(refs).map(([name, value]) => [`refs.${name}`, value])),
  };
  const words = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));
  const expected = Object.entries(told).map(([name, value]) => [name, words(value)]);
  const defaults = rows.filter(([, name = ""]) => Object.hasOwn(told, name)).map(([, name, value]) => [name, value]);
  expect(Object.fromEntries(defaults)).toEqual(Object.fromEntries(expected));
});

test("everything that is wrong is told at once", () => {
  expect(() => read({ default: { max_files: 0, secrets: 1 } }, { POOL_MIN: "x" })).toThrow(
    /^Settings are wrong: POLICY\.default\.max_files .*; POLICY\.default\.secrets .*; POOL_MIN /,
  );
});

test.each([
  [
    ".github/workflows/**",
    [".github/workflows/a.yml", ".github/workflows/a/b"],
    [".github/workflows", "x/.github/workflows/a", "xgithub/workflows/a"],
  ],
  ["**/*.pem", ["a.pem", "a/b/c.pem", ".pem"], ["a.pem/b", "apem"]],
  ["a/**/b", ["a/b", "a/x/b", "a/x/y/b"], ["ab", "a/xb", "a/b/c"]],
  ["*", ["a", ".x", "a\nb"], ["a/b"]],
  ["**", ["a", "a/b"], []],
  ["a*c", ["ac", "abc"], ["a/c", "abcd"]],
  ["{a,b}(c)[d]$^+?.|\\", ["{a,b}(c)[d]$^+?.|\\"], ["a(c)[d]$^+?.|\\", "{a,b}cd"]],
  ["é 😀*", ["é 😀x"], ["e"]],
])("the pattern %s", (glob, fits, others) => {
  const regex = new RegExp(`^(?:${globRegex(glob)})$(?![^])`, "s");
  for (const path of fits) expect(path).toMatch(regex);
  for (const path of others) expect(path).not.toMatch(regex);
});
