import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { FilesystemEventType, FileType, type FilesystemEvent, type Sandbox } from "e2b";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod/v4";
import { envdToken, failure, json, useHost } from "./support.ts";

const test = useHost();
let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await test.create();
});
afterAll(async () => {
  await sandbox.kill();
});

const sh = async (line: string): Promise<string> => (await sandbox.commands.run(line)).stdout;

describe("reading and writing", () => {
  it("writes text and bytes, with the directories above them, as the sandbox's user", async () => {
    const info = await sandbox.files.write("deep/er/text.txt", "grüße\n");
    expect(info).toMatchObject({ name: "text.txt", type: FileType.FILE });
    expect(await sh("cat deep/er/text.txt; stat -c %U deep deep/er deep/er/text.txt | uniq")).toBe(
      `grüße\n${await sh("whoami")}`,
    );
    const bytes = Uint8Array.from({ length: 300_000 }, (_, index) => (index * 7919) % 256);
    await sandbox.files.write("bytes", bytes.buffer);
    expect(Buffer.from(await sandbox.files.read("bytes", { format: "bytes" })).equals(Buffer.from(bytes))).toBe(true);
    await sandbox.files.write("bytes", "short");
    expect(await sandbox.files.read("bytes")).toBe("short");
  });

  it("writes several files at once, and streams", async () => {
    await sandbox.files.write([
      { path: "many/a", data: "A" },
      { path: "many/b with space", data: "B" },
      { path: "many/ü☃", data: "C" },
    ]);
    expect(await sh("cat many/a 'many/b with space' many/ü☃")).toBe("ABC");
    await sandbox.files.write("streamed", new Blob(["x".repeat(100_000)]).stream());
    const stream = await sandbox.files.read("streamed", { format: "stream" });
    expect((await new Response(stream).text()).length).toBe(100_000);
  });

  it("takes and gives gzip, and a range of bytes", async () => {
    const headers = { "X-Access-Token": await envdToken(test, sandbox) };
    const upload = await envd(
      "POST",
      "/files?path=packed",
      { ...headers, "Content-Type": "application/octet-stream", "Content-Encoding": "gzip" },
      gzipSync("0123456789"),
    );
    expect(upload.status).toBe(200);
    expect(await sandbox.files.read("packed", { gzip: true })).toBe("0123456789");
    const range = await envd("GET", "/files?path=packed", { ...headers, Range: "bytes=2-4" });
    expect([range.status, range.headers.get("content-range"), await range.text()]).toEqual([
      206,
      "bytes 2-4/10",
      "234",
    ]);
    const beyond = await envd("GET", "/files?path=packed", { ...headers, Range: "bytes=20-" });
    expect(beyond.status).toBe(416);
  });

  it("keeps metadata until the file is written again", async () => {
    await sandbox.files.write("tagged", "1", { metadata: { author: "me" } });
    expect((await sandbox.files.getInfo("tagged")).metadata).toEqual({ author: "me" });
    await sandbox.files.rename("tagged", "renamed");
    expect((await sandbox.files.getInfo("renamed")).metadata).toEqual({ author: "me" });
    await sandbox.files.write("renamed", "2");
    expect((await sandbox.files.getInfo("renamed")).metadata).toBeUndefined();
  });

  it.runIf(process.platform === "linux")("has metadata in attributes, which programs see and set", async () => {
    // System call numbers of setxattr and getxattr.
    const [set, get] = process.arch === "arm64" ? [5, 8] : [188, 191];
    const perl = (line: string) => sh(`perl -e '$| = 1; ${line.replaceAll("'", `"`)}'`);
    const setAttribute = (path: string, name: string, value: string) =>
      perl(`my ($p, $n, $v) = ('${path}', '${name}', '${value}'); print syscall(${set}, $p, $n, $v, length $v, 0)`);
    await sandbox.files.write("seen", "1", { metadata: { author: "me" } });
    expect(
      await perl(`my ($p, $n, $v) = ('seen', 'user.e2b.author', '..'); syscall ${get}, $p, $n, $v, 2; print $v`),
    ).toBe("me");
    await sandbox.files.makeDir("listed/own");
    await sh("echo 1 > listed/set; echo 1 > listed/bare; ln -s set listed/link");
    expect(await setAttribute("listed/set", "user.e2b.stage", "two words, =")).toBe("0");
    expect(await setAttribute("listed/set", "user.other", "1")).toBe("0");
    expect(await setAttribute("listed/own", "user.e2b.kind", "folder")).toBe("0");
    expect(await setAttribute("listed/bare", "user.e2b.bytes", "\\xff\\xfe")).toBe("0");
    expect((await sandbox.files.list("listed")).map(({ name, metadata }) => [name, metadata])).toEqual([
      ["bare", undefined],
      ["link", { stage: "two words, =" }],
      ["own", { kind: "folder" }],
      ["set", { stage: "two words, =" }],
    ]);
    await sh("cp --preserve=xattr listed/set copy");
    expect((await sandbox.files.getInfo("copy")).metadata).toEqual({ stage: "two words, =" });
    await sandbox.files.write("copy", "2", { metadata: { stage: "three", by: "me" } });
    expect((await sandbox.files.getInfo("copy")).metadata).toEqual({ stage: "three", by: "me" });
  });

  it("says what is wrong with a path", async () => {
    expect((await failure(sandbox.files.read("missing"))).message).toMatch(/path '.*missing' does not exist/);
    await sandbox.files.makeDir("folder");
    expect((await failure(sandbox.files.read("folder"))).message).toMatch(/is a directory/);
    expect((await failure(sandbox.files.write("folder", ""))).message).toMatch(/is a directory/);
    expect((await failure(sandbox.files.read("~someone/x"))).message).toMatch(/user-specific home/);
  });
});

describe("the tree", () => {
  it("describes files, directories and links", async () => {
    await sh("mkdir -p t/d && printf abc > t/f && chmod 640 t/f && ln -s f t/link && ln -s nowhere t/dangling");
    const home = (await sh("pwd")).trim();
    expect(await sandbox.files.getInfo("t/f")).toMatchObject({
      name: "f",
      path: `${home}/t/f`,
      type: FileType.FILE,
      size: 3,
      mode: 0o640,
      permissions: "-rw-r-----",
      owner: "user",
    });
    const link = await sandbox.files.getInfo("t/link");
    expect(link).toMatchObject({ type: FileType.FILE, symlinkTarget: `${home}/t/f` });
    expect(link.permissions).toMatch(/^L/);
    expect((await sandbox.files.list("t")).map(({ name }) => name)).toEqual(["d", "f", "link"]);
  });

  it("lists to a depth", async () => {
    await sh("mkdir -p l/a/b/c && touch l/a/b/file");
    const names = async (depth: number) =>
      (await sandbox.files.list("l", { depth })).map(({ path }) => path.split("/l/")[1]);
    expect(await names(1)).toEqual(["a"]);
    expect(await names(3)).toEqual(["a", "a/b", "a/b/c", "a/b/file"]);
    expect((await failure(sandbox.files.list("l/a/b/file"))).message).toMatch(/not a directory/);
    expect((await failure(sandbox.files.list("nowhere"))).message).toMatch(/not found/);
  });

  it("makes, moves and removes", async () => {
    expect(await sandbox.files.makeDir("m/one")).toBe(true);
    expect(await sandbox.files.makeDir("m/one")).toBe(false);
    await sandbox.files.write("m/one/f", "x");
    await sandbox.files.rename("m/one", "n/two");
    expect(await sandbox.files.read("n/two/f")).toBe("x");
    expect(await sandbox.files.exists("m/one")).toBe(false);
    expect((await failure(sandbox.files.rename("m/none", "m/x"))).message).toMatch(/not found/);
    await sandbox.files.remove("n");
    await sandbox.files.remove("n");
    expect(await sandbox.files.exists("n")).toBe(false);
  });
});

describe("watching", () => {
  it("names creations, writes, changed rights, renames and removals", async () => {
    await sandbox.files.makeDir("watched");
    const events: FilesystemEvent[] = [];
    const watcher = await sandbox.files.watchDir("watched", (event) => void events.push(event), { includeEntry: true });
    const seen = (type: FilesystemEventType, name: string) => () =>
      events.some((event) => event.type === type && event.name === name);
    await sandbox.files.write("watched/a", "1");
    await expect.poll(seen(FilesystemEventType.CREATE, "a")).toBe(true);
    await sandbox.files.write("watched/a", "2");
    await expect.poll(seen(FilesystemEventType.WRITE, "a")).toBe(true);
    expect(events.find(({ type }) => type === FilesystemEventType.CREATE)?.entry).toMatchObject({ name: "a" });
    await sh("chmod 600 watched/a");
    await expect.poll(seen(FilesystemEventType.CHMOD, "a")).toBe(true);
    await sandbox.files.rename("watched/a", "watched/b");
    await expect.poll(seen(FilesystemEventType.RENAME, "a")).toBe(true);
    await expect.poll(seen(FilesystemEventType.CREATE, "b")).toBe(true);
    await sandbox.files.remove("watched/b");
    await expect.poll(seen(FilesystemEventType.REMOVE, "b")).toBe(true);
    await watcher.stop();
  });

  it("sees into directories that are made meanwhile", async () => {
    await sandbox.files.makeDir("tree");
    const names = new Set<string>();
    const watcher = await sandbox.files.watchDir("tree", ({ name }) => void names.add(name), { recursive: true });
    await sandbox.files.makeDir("tree/x/y");
    await expect.poll(() => [...names]).toEqual(expect.arrayContaining(["x", "x/y"]));
    await sandbox.files.write("tree/x/y/z", "");
    await expect.poll(() => [...names]).toContain("x/y/z");
    await watcher.stop();
  });

  it("describes a cyclic link like a dangling one", async () => {
    await sandbox.files.makeDir("cyclic");
    const events: FilesystemEvent[] = [];
    const watcher = await sandbox.files.watchDir("cyclic", (event) => void events.push(event), { includeEntry: true });
    const { watcherId } = await rpc("CreateWatcher", { path: "cyclic", includeEntry: true });
    await sh("ln -s self cyclic/self; ln -s nowhere cyclic/dangling; touch cyclic/file");
    await expect
      .poll(() => events.map(({ name }) => name))
      .toEqual(expect.arrayContaining(["self", "dangling", "file"]));
    const polled = z.object({ events: z.array(z.object({ name: z.string(), entry: z.looseObject({}).optional() })) });
    const { events: seen } = polled.parse(await rpc("GetWatcherEvents", { watcherId }));
    const entryOf = (name: string) => seen.find((event) => event.name === name)?.entry;
    expect(entryOf("self")).toMatchObject({ name: "self" });
    expect(Object.keys(entryOf("self") ?? {}).toSorted()).toEqual(Object.keys(entryOf("dangling") ?? {}).toSorted());
    expect((await sandbox.files.list("cyclic")).map(({ name }) => name)).toContain("file");
    await watcher.stop();
  });

  it("collects for clients that poll", async () => {
    await sandbox.files.makeDir("polled");
    const { watcherId } = await rpc("CreateWatcher", { path: "polled" });
    await sandbox.files.write("polled/f", "");
    await expect
      .poll(async () => (await rpc("GetWatcherEvents", { watcherId })).events ?? [])
      .toContainEqual({ name: "f", type: "EVENT_TYPE_CREATE" });
    expect(await rpc("RemoveWatcher", { watcherId })).toEqual({});
    expect(await rpc("GetWatcherEvents", { watcherId })).toMatchObject({ code: "not_found" });
  });
});

describe("signed URLs", () => {
  it("reads and writes with nothing but the URL", async () => {
    const upload = await sandbox.uploadUrl("signed.txt", { useSignatureExpiration: 60 });
    const form = new FormData();
    form.append("file", new Blob(["signed content"]), "ignored-name");
    expect((await fetch(upload, { method: "POST", body: form })).status).toBe(200);
    const download = await sandbox.downloadUrl("signed.txt");
    expect(await (await fetch(download)).text()).toBe("signed content");
  });

  it("takes a form part without a file name when the path is in the URL", async () => {
    const form = new FormData();
    form.append("file", "plain field");
    const url = await sandbox.uploadUrl("unnamed.txt");
    expect((await fetch(url, { method: "POST", body: form })).status).toBe(200);
    expect(await sandbox.files.read("unnamed.txt")).toBe("plain field");
  });

  it("refuses a wrong, expired or missing signature", async () => {
    const good = new URL(await sandbox.downloadUrl("signed.txt", { useSignatureExpiration: 60 }));
    const later = new URL(good);
    later.searchParams.set("signature_expiration", String(Math.floor(Date.now() / 1000) + 999));
    expect((await fetch(later)).status).toBe(401);
    const token = await envdToken(test, sandbox);
    const expired = new URL(`${test.host.url}/files?path=signed.txt&signature_expiration=1000`);
    const hash = createHash("sha256").update(`signed.txt:read::${token}:1000`).digest("base64");
    expired.searchParams.set("signature", `v1_${hash.replace(/=+$/, "")}`);
    expect(await (await fetch(expired)).json()).toEqual({ code: 401, message: "signature is already expired" });
    expect((await envd("GET", "/files?path=signed.txt", {})).status).toBe(401);
    const wrong = { "X-Access-Token": "wrong" };
    expect((await envd("GET", "/files?path=signed.txt", wrong)).status).toBe(401);
    expect((await envd("POST", "/filesystem.Filesystem/Stat", wrong, "{}")).status).toBe(401);
  });
});

function envd(
  method: string,
  path: string,
  headers: Record<string, string>,
  body?: string | Uint8Array<ArrayBuffer>,
): Promise<Response> {
  const routing = { "E2b-Sandbox-Id": sandbox.sandboxId, "E2b-Sandbox-Port": "49983" };
  const content = body === undefined ? {} : { body };
  return fetch(test.host.url + path, { method, headers: { ...routing, ...headers }, ...content });
}

const rpcAnswer = z.object({
  watcherId: z.string().optional(),
  events: z.array(z.unknown()).optional(),
  code: z.string().optional(),
});

async function rpc(name: string, message: object): Promise<z.output<typeof rpcAnswer>> {
  const headers = { "X-Access-Token": await envdToken(test, sandbox), "Content-Type": "application/json" };
  return json(await envd("POST", `/filesystem.Filesystem/${name}`, headers, JSON.stringify(message)), rpcAnswer);
}
