import { execFileSync } from "node:child_process";
import { createServer } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type GitServer, startGitServer } from "../../scripts/sample-remote/server.ts";
import { listen } from "../../scripts/support/listen.ts";
import { fetchPack, wantedBetween } from "../../src/remote/fetch-pack.ts";
import { pktLine } from "../../src/remote/pkt-line.ts";
import { Seed } from "../ops/support.ts";

const never = new AbortController().signal;
const oid = (digit: string) => digit.repeat(40);
const list = (refs: Readonly<Record<string, string>>) =>
  Object.entries(refs)
    .map(([name, digit]) => `${oid(digit)} refs/${name}`)
    .join("\n");

async function read(pack: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of pack) parts.push(part);
  return Buffer.concat(parts);
}

describe("what is wanted", () => {
  const here = { "remotes/origin/HEAD": "1", "remotes/origin/gone": "2", "remotes/origin/main": "1", "tags/v1": "3" };

  test("is nothing where nothing changed, or what came is there under another name", () => {
    expect(wantedBetween(list(here), list(here)).wants).toEqual([]);
    expect(wantedBetween(list(here), list({ ...here, "tags/v2": "2", "tags/v3": "3" })).wants).toEqual([]);
  });

  test("is each new object once, given the default branch and what became something else", () => {
    const there = { "remotes/origin/HEAD": "4", "remotes/origin/main": "4", "remotes/origin/new": "5", "tags/v1": "6" };
    expect(wantedBetween(list(here), list(there))).toEqual({
      wants: [oid("4"), oid("5"), oid("6")],
      haves: [oid("1"), oid("3")],
    });
  });
});

describe("a pack", () => {
  let server: GitServer;
  let origin: Seed;

  beforeAll(async () => {
    origin = new Seed();
    origin.git("commit", "-q", "--allow-empty", "-m", "first");
    origin.send();
    origin.git("commit", "-q", "--allow-empty", "-m", "second");
    origin.git("commit", "-q", "--allow-empty", "-m", "third");
    origin.send();
    server = await startGitServer({ root: origin.path });
  });
  afterAll(async () => {
    await server.close();
    origin.remove();
  });

  const remote = () => ({ url: `${server.url}/remote.git` });

  test("brings what is missing, in one request", async () => {
    const [first, newest] = [origin.git("rev-parse", "HEAD~2"), origin.git("rev-parse", "HEAD")];
    const before = server.counters();
    const pack = await read(fetchPack(remote(), { wants: [newest], haves: [first] }, never));
    const { requests, discoveries } = server.counters();
    expect([requests - before.requests, discoveries - before.discoveries]).toEqual([1, 0]);
    // A pack of version 2 with two objects: the newer commits. Source: gitformat-pack(5).
    expect(pack.subarray(0, 12).toString("latin1")).toBe("PACK\0\0\0\x02\0\0\0\x02");
    execFileSync("git", ["index-pack", "--stdin"], { cwd: origin.bare, input: pack });
  });

  test("of what the host does not have is none", async () => {
    await expect(read(fetchPack(remote(), { wants: [oid("1")], haves: [] }, never))).rejects.toThrow();
  });

  const large = pktLine(`\x01${"x".repeat(60_000)}`).repeat(400);
  test.each([
    ["a page", 404, "<html>", "404"],
    ["a redirect", 302, "", "302"],
    ["an error", 200, `${pktLine("ERR access denied")}0000`, "no pack"],
    [
      "an error on the way",
      200,
      `${pktLine("packfile\n")}${pktLine("\x01PACK")}${pktLine("\x03lost")}0000`,
      "broke off",
    ],
    ["half a pack", 200, `${pktLine("packfile\n")}${pktLine("\x01PACK")}`, "before its flush"],
    ["far too much", 200, `${pktLine("packfile\n")}${large}0000`, "too large"],
  ])("that is %s is none", async (_, status, body, said) => {
    const host = createServer((request, response) => {
      request.resume().on("end", () => response.writeHead(status, { Location: "http://127.0.0.1:1/" }).end(body));
    });
    const url = `http://127.0.0.1:${await listen(host, 0)}/x`;
    try {
      await expect(read(fetchPack({ url }, { wants: [oid("1")], haves: [] }, never))).rejects.toThrow(said);
    } finally {
      host.closeAllConnections();
      host.close();
    }
  });
});
