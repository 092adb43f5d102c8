import * as fc from "fast-check";
import { expect, test } from "vitest";
import { remoteFor } from "../../src/remote/credentials.ts";
import { parseRepository } from "../../src/remote/address.ts";

const ALLOWED = ["github.com", "git.example:8443", "http://127.0.0.1:9000"];

test.each([
  ["https://github.com/owner/name", "https://github.com/owner/name", "github.com/owner/name"],
  ["https://GitHub.com/owner/name.git", "https://github.com/owner/name.git", "github.com/owner/name"],
  ["https://github.com/owner/name/", "https://github.com/owner/name", "github.com/owner/name"],
  [
    "https://git.example:8443/group/sub/~user/na.me",
    "https://git.example:8443/group/sub/~user/na.me",
    "git.example:8443/group/sub/~user/na.me",
  ],
  ["http://127.0.0.1:9000/large.git", "http://127.0.0.1:9000/large.git", "127.0.0.1:9000/large"],
])("%s", (address, url, key) => {
  expect(parseRepository(address, ALLOWED)).toMatchObject({ url, key });
});

test.each([
  "github.com/owner/name",
  "git@github.com:owner/name",
  "ssh://github.com/owner/name",
  "file:///etc",
  "https://github.com",
  "https://github.com/",
  "https://user:pass@github.com/owner/name",
  "https://github.com\\@evil.example/o/r",
  "https:evil.example/o/r",
  "http::https://evil.example/o/r",
  "https:///evil.example/o",
  "https://github.com/../x",
  "https://github.com/owner/-upload-pack",
  "https://github.com/owner/name?x=1",
  "https://github.com/owner/name#x",
  "https://github.com/owner/na me",
  "https://github.com/owner/name\n",
  "--upload-pack=touch x",
])("%j is not an address", (address) => {
  expect(() => parseRepository(address, ALLOWED)).toThrow(expect.objectContaining({ code: "invalid_input" }));
});

test.each([
  "https://evil.example/o/r",
  "http://github.com/o/r",
  "https://127.0.0.1:9000/x",
  "http://127.0.0.1:9001/x",
  "https://github.com.evil.example/o/r",
])("%s is not allowed", (address) => {
  expect(() => parseRepository(address, ALLOWED)).toThrow(expect.objectContaining({ code: "host_not_allowed" }));
});

test("whatever is accepted is, to the WHATWG parser too, on an allowed host and nothing but a path", () => {
  const piece = fc.constantFrom(
    "https://",
    "http://",
    "github.com",
    "evil.example",
    "/",
    "\\",
    "@",
    ":",
    "..",
    ".git",
    "-",
    "o",
    "%2e",
    "\t",
    "#",
    "?",
  );
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 12 }).map((parts) => parts.join("")),
      (address) => {
        let repository;
        try {
          repository = parseRepository(address, ALLOWED);
        } catch {
          return;
        }
        const url = new URL(repository.url);
        expect(url.href).toBe(repository.url);
        expect(url.origin).toBe(repository.origin);
        expect(["https://github.com"]).toContain(url.origin);
      },
    ),
    { numRuns: 2000 },
  );
});

test("the operator's token goes to GitHub only, the caller's own to the host that it is for", () => {
  const github = parseRepository("https://github.com/o/r", ALLOWED);
  const other = parseRepository("https://git.example:8443/o/r", ALLOWED);
  const basic = (token: string) => `Basic ${btoa(`x-access-token:${token}`)}`;
  expect(remoteFor(github, { config: { githubToken: "op" } })).toEqual({
    url: github.url,
    authorization: basic("op"),
  });
  expect(remoteFor(github, { gitTokens: new Map([[github.origin, "mine"]]), config: { githubToken: "op" } })).toEqual({
    url: github.url,
    authorization: basic("mine"),
  });
  expect(remoteFor(other, { config: { githubToken: "op" } })).toEqual({ url: other.url });
  const gitTokens = new Map([[other.origin, "mine"]]);
  expect(remoteFor(other, { gitTokens, config: {} })).toEqual({ url: other.url, authorization: basic("mine") });
  expect(remoteFor(github, { gitTokens, config: {} })).toEqual({ url: github.url });
  expect(remoteFor(github, { gitTokens, config: { githubToken: "op" } })).toMatchObject({ authorization: basic("op") });
});
