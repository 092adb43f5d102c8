import { describe, expect, it } from "vitest";
import { gitTokensOf, tokensIn } from "../../src/http/git-tokens.ts";

const ONE = ["github.com"];
const SEVERAL = ["github.com", "git.example:8443", "http://127.0.0.1:9141", "http://[::1]:9141", "localhost"];
const ATLASSIAN = `ATATT3x${"FfGF0_-".repeat(20)}=4FA3B2C1`;

const sent = (...values: string[]) => new Headers(values.map((value): [string, string] => ["X-Git-Token", value]));
const tokensOf = (hosts: readonly string[], ...values: string[]) => {
  const tokens = gitTokensOf(sent(...values), hosts);
  return tokens && Object.fromEntries(tokens);
};

it("there are none without the header", () => {
  expect(gitTokensOf(new Headers(), SEVERAL)).toBeUndefined();
});

describe("a token goes with its host", () => {
  const github = "https://github.com";
  it.each([
    ["github.com=ghp_abc", { [github]: "ghp_abc" }],
    ["GitHub.COM=ghp_abc", { [github]: "ghp_abc" }],
    ["git.example:8443=glpat-abc", { "https://git.example:8443": "glpat-abc" }],
    ["http://127.0.0.1:9141=tok", { "http://127.0.0.1:9141": "tok" }],
    ["http://[::1]:9141=tok", { "http://[::1]:9141": "tok" }],
    ["localhost=tok", { "https://localhost": "tok" }],
    ["github.com=dGVzdA==", { [github]: "dGVzdA==" }],
    ["github.com=localhost=x", { [github]: "localhost=x" }],
    [`github.com=${ATLASSIAN}`, { [github]: ATLASSIAN }],
    ["github.com=a,git.example:8443=b", { [github]: "a", "https://git.example:8443": "b" }],
    [" github.com=a\t, ,localhost=b,", { [github]: "a", "https://localhost": "b" }],
    [`github.com=${"x".repeat(1024)}`, { [github]: "x".repeat(1024) }],
  ])("%s", (value, tokens) => {
    expect(tokensOf(SEVERAL, value)).toEqual(tokens);
  });

  it("in headers that are repeated", () => {
    expect(tokensOf(SEVERAL, "github.com=a", "localhost=b, git.example:8443=c")).toEqual({
      [github]: "a",
      "https://localhost": "b",
      "https://git.example:8443": "c",
    });
  });
});

describe("a token alone goes to the one host that is allowed", () => {
  it.each(["ghp_abc", "github_pat_11A_b", "glpat-a_b", "dGVzdA==", "dGVz/+A=", "a_b-c=", ATLASSIAN, "pw!:@/?#"])(
    "%s",
    (token) => {
      expect(tokensOf(ONE, token)).toEqual({ "https://github.com": token });
      expect(tokensOf(["http://127.0.0.1:1"], token)).toEqual({ "http://127.0.0.1:1": token });
      expect(tokensOf([...ONE, ...ONE], token)).toEqual({ "https://github.com": token });
      expect(() => tokensOf(SEVERAL, token)).toThrow(/X-Git-Token: github\.com=<token>/);
    },
  );
});

describe("what names no allowed host is refused, and not repeated", () => {
  it.each([
    "gitlab.com=SECRET1",
    "evil.example=SECRET1",
    "github.com.=SECRET1",
    "github.com:443=SECRET1",
    "github.com.evil.example=SECRET1",
    "evil.example/github.com=SECRET1",
    "https://github.com=SECRET1",
    "https://gitlab.com/group=SECRET1",
    "http://github.com=SECRET1",
    "user@github.com=SECRET1",
    "git hub.com=SECRET1",
    "github=SECRET1",
    "*=SECRET1",
    "=SECRET1",
    " =SECRET1",
    "__proto__=SECRET1",
    "gitlab.com=",
  ])("%s", (value) => {
    for (const hosts of [ONE, SEVERAL]) {
      expect(() => tokensOf(hosts, value)).toThrow(
        expect.objectContaining({ code: "invalid_input", details: { field: "X-Git-Token" } }),
      );
      expect(() => tokensOf(hosts, value)).not.toThrow(/SECRET1/);
    }
  });
});

describe("what could go to a host or another is refused", () => {
  it.each([
    ["two for one host", "github.com=SECRET1, github.com=SECRET2"],
    ["two for one host, in other letters", "github.com=SECRET1, GITHUB.COM=SECRET1"],
    ["one alone beside another", "github.com=SECRET1, SECRET2"],
    ["two alone", "SECRET1, SECRET2"],
    ["none", ""],
    ["nothing but commas", ", ,"],
    ["an empty one", "github.com="],
    ["one with a space", "github.com=SECRET1 SECRET2"],
    ["one that is too long", `github.com=SECRET1${"x".repeat(1024)}`],
    ["one that is not ASCII", "github.com=SECRET1\xe4"],
    ["too many", Array.from({ length: 40 }, (_, n) => `host${n}=SECRET1`).join()],
  ])("%s", (_, value) => {
    const hosts = [...ONE, ...Array.from({ length: 40 }, (_host, n) => `host${n}`)];
    expect(() => tokensOf(hosts, value)).toThrow(expect.objectContaining({ code: "invalid_input" }));
    expect(() => tokensOf(ONE, value)).not.toThrow(/SECRET/);
  });
});

it("finds what may be a token wherever it stands", () => {
  const value = `github.com=one, two, evil.example=three, ${ATLASSIAN}, dGVzdA==`;
  expect(tokensIn(sent(value, "four"))).toEqual(["one", "two", "three", ATLASSIAN, "dGVzdA==", "four"]);
  expect(tokensIn(new Headers())).toEqual([]);
});
