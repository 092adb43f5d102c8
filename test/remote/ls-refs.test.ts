import { createServer } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type GitServer, startGitServer } from "../../scripts/sample-remote/server.ts";
import { listen } from "../../scripts/support/listen.ts";
import { pktLine } from "../../src/remote/pkt-line.ts";
import { readRefs, remoteRefs } from "../../src/remote/ls-refs.ts";
import { git, Seed } from "../ops/support.ts";

const OID = "0123456789abcdef0123456789abcdef01234567";
const bytes = (text: string) => new TextEncoder().encode(text);
async function* whole(text: string): AsyncGenerator<Uint8Array> {
  yield bytes(text);
}
const never = new AbortController().signal;

describe("asked of a git host", () => {
  const TOKEN = "tok_5b1c9f3a7e2d4860";
  const authorization = `Basic ${btoa(`x-access-token:${TOKEN}`)}`;
  let server: GitServer;
  let origin: Seed;

  beforeAll(async () => {
    origin = new Seed();
    origin.git("commit", "-q", "--allow-empty", "-m", "first");
    origin.git("tag", "-a", "-m", "noted", "v1");
    origin.git("push", "-q", "origin", "HEAD:main", "HEAD:main-2", "v1");
    origin.git("push", "-q", "origin", "HEAD:a/b", "HEAD:a-b", "HEAD:übung", "HEAD:refs/pull/1/head");
    server = await startGitServer({
      root: origin.path,
      auth: { repositories: ["remote"], tokens: { "x-access-token": TOKEN } },
    });
  });
  afterAll(async () => {
    await server.close();
    origin.remove();
  });

  test("lists what git would after a fetch, in one request", async () => {
    const before = server.counters().requests;
    const refs = await remoteRefs({ url: `${server.url}/remote.git`, authorization }, never);
    expect(server.counters().requests - before).toBe(1);
    const clone = join(origin.path, "clone");
    git(origin.path, "clone", "-q", "--no-checkout", origin.bare, clone);
    const format = "--format=%(objectname) %(refname)";
    expect(refs).toEqual({
      head: "main",
      list: git(clone, "for-each-ref", format, "refs/remotes/origin", "refs/tags"),
    });
  });

  test("knows nothing without the right to read, of what is not there, or of a repository without commits", async () => {
    const url = `${server.url}/remote.git`;
    expect(await remoteRefs({ url }, never)).toBeUndefined();
    expect(await remoteRefs({ url: `${server.url}/none.git`, authorization }, never)).toBeUndefined();
    git(origin.path, "init", "-q", "--bare", "empty.git");
    expect(await remoteRefs({ url: `${server.url}/empty.git` }, never)).toBeUndefined();
    await server.close();
    expect(await remoteRefs({ url, authorization }, never)).toBeUndefined();
  });
});

describe("asked of something else", () => {
  test.each([
    ["a page", 200, {}, "<html>"],
    ["a redirect", 302, { Location: "http://127.0.0.1:1/" }, ""],
    ["far too much", 200, {}, pktLine(`${OID} refs/heads/${"a".repeat(1000)}\n`).repeat(1000)],
  ])("knows nothing from %s", async (_, status, headers, body) => {
    const page = createServer((request, response) => {
      request.resume().on("end", () => response.writeHead(status, headers).end(body));
    });
    const port = await listen(page, 0);
    try {
      expect(await remoteRefs({ url: `http://127.0.0.1:${port}/x` }, never)).toBeUndefined();
    } finally {
      page.closeAllConnections();
      page.close();
    }
  });
});

const HEAD = pktLine(`${OID} HEAD symref-target:refs/heads/main\n`);
const MAIN = pktLine(`${OID} refs/heads/main\n`);

test("an answer is sorted as git sorts it", async () => {
  const other = pktLine(`${OID} refs/heads/main-2`);
  expect(await readRefs(whole(`${other}${MAIN}${HEAD}0000`))).toEqual({
    head: "main",
    list: ["HEAD", "main", "main-2"].map((name) => `${OID} refs/remotes/origin/${name}`).join("\n"),
  });
});

test.each([
  ["nothing", ""],
  ["no end", `${HEAD}${MAIN}`],
  ["a line cut short", `${HEAD}${MAIN.slice(0, -5)}`],
  ["a length that is none", `${HEAD}zzzz0000`],
  ["a length that does not count itself", `${HEAD}00030000`],
  ["an error", `${pktLine("ERR access denied")}0000`],
  ["no default branch", `${MAIN}0000`],
  ["a default branch by commit only", `${pktLine(`${OID} HEAD\n`)}${MAIN}0000`],
  ["a branch that is called HEAD", `${HEAD}${MAIN}${pktLine(`${OID} refs/heads/HEAD\n`)}0000`],
  ["a name with a space", `${HEAD}${pktLine(`${OID} refs/heads/a b\n`)}0000`],
  ["a name with a line feed", `${HEAD}${pktLine(`${OID} refs/heads/a\nb\n`)}0000`],
  ["a pattern", `${HEAD}${pktLine(`${OID} refs/heads/*\n`)}0000`],
  ["names elsewhere", `${HEAD}${pktLine(`${OID} refs/pull/1/head\n`)}0000`],
  ["commits of another kind", `${pktLine(`${"0".repeat(64)} HEAD symref-target:refs/heads/main\n`)}0000`],
  ["too many", `${HEAD}${pktLine(`${OID} refs/heads/${"a".repeat(900)}\n`).repeat(120)}0000`],
])("an answer with %s is none", async (_, answer) => {
  expect(await readRefs(whole(answer)).catch(() => undefined)).toBeUndefined();
});
