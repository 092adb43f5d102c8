import { createSocket } from "node:dgram";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Sandbox, SandboxNetworkOpts } from "e2b";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod/v4";
import { startLocalHost } from "../host.ts";
import { startServer } from "./program.ts";
import { failure, json, useHost } from "./support.ts";

const probe = await startLocalHost();
const isolated = probe.egress;
if (!isolated) console.warn("egress rules are not tested: this machine gives sandboxes no network of their own");
await probe.close();

const ALL_TRAFFIC = "0.0.0.0/0";

describe.runIf(isolated)("a sandbox with egress rules", () => {
  /** The world: responds to every request with the requested host. */
  const world = createServer((request, response) => response.end(`the world for ${request.headers.host}\n`));
  const addressOf = (server: { address(): string | AddressInfo | null }): number => {
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("the server has no port");
    return address.port;
  };
  let resolverPort = 53;
  const test = useHost({
    routes: ({ host, port }) => {
      if (port === 53) return { host: "127.0.0.1", port: resolverPort };
      return /^203\.0\.113\.|\.example$/.test(host) ? { host: "127.0.0.1", port: addressOf(world) } : undefined;
    },
  });
  beforeAll(async () => {
    await new Promise<void>((resolve) => world.listen(0, "127.0.0.1", resolve));
  });
  afterAll(() => void world.close());

  /** Returns the response that a program in the sandbox gets from an address, or its error. */
  const get = async (sandbox: Sandbox, address: string, port: number, host = address): Promise<string> => {
    const line = `exec 3<>/dev/tcp/${address}/${port} && printf 'GET / HTTP/1.0\\r\\nHost: ${host}\\r\\n\\r\\n' >&3 && cat <&3`;
    const { stdout } = await sandbox.commands.run(`(${line}) 2>&1; true`);
    return stdout;
  };
  const create = (network: SandboxNetworkOpts) => test.create({ network });

  it("reaches what they allow, by address, by block and by the name that a connection says, and nothing else", async () => {
    const allowOut = ["203.0.113.7", "203.0.113.128/25", "git.example", "*.deep.example"];
    const sandbox = await create({ allowOut, denyOut: [ALL_TRAFFIC] });
    expect(await get(sandbox, "203.0.113.7", 8080)).toContain("the world for 203.0.113.7\n");
    expect(await get(sandbox, "203.0.113.200", 22)).toContain("the world for 203.0.113.200\n");
    expect(await get(sandbox, "203.0.113.8", 8080)).not.toContain("the world");
    expect(await get(sandbox, "198.51.100.1", 80, "git.example")).toContain("the world for git.example\n");
    expect(await get(sandbox, "198.51.100.1", 80, "very.deep.example:80")).toContain(
      "the world for very.deep.example:80\n",
    );
    expect(await get(sandbox, "198.51.100.1", 80, "other.example")).not.toContain("the world");
    expect(await get(sandbox, "198.51.100.1", 8080, "git.example")).not.toContain("the world");
  });

  it("reaches all but what they deny, and new ones count at once", async () => {
    const sandbox = await create({ denyOut: ["203.0.113.7"] });
    expect(await get(sandbox, "203.0.113.8", 80)).toContain("the world for 203.0.113.8\n");
    expect(await get(sandbox, "203.0.113.7", 80)).not.toContain("the world");
    await sandbox.updateNetwork({ denyOut: ["203.0.113.0/24"], allowOut: ["203.0.113.7"] });
    expect(await get(sandbox, "203.0.113.8", 80)).not.toContain("the world");
    expect(await get(sandbox, "203.0.113.7", 80)).toContain("the world for 203.0.113.7\n");
    await sandbox.updateNetwork({});
    expect(await get(sandbox, "203.0.113.8", 80)).toContain("the world for 203.0.113.8\n");
    await sandbox.updateNetwork({ allowInternetAccess: false });
    expect(await get(sandbox, "203.0.113.7", 80)).not.toContain("the world");
  });

  it("has a loopback of its own, and ports that are reached, however its root tries to get out", async () => {
    const sandbox = await test.create({ allowInternetAccess: false });
    const port = await startServer(sandbox);
    expect(await get(sandbox, "127.0.0.1", port)).toContain("201 Made");
    const headers = { "E2b-Sandbox-Id": sandbox.sandboxId, "E2b-Sandbox-Port": String(port) };
    expect((await fetch(test.host.url, { headers })).status).toBe(201);
    expect((await fetch(test.host.url, { headers: { ...headers, "E2b-Sandbox-Port": "9" } })).status).toBe(502);
    // This machine's own servers are not reachable.
    expect(await get(sandbox, "127.0.0.1", addressOf(world))).not.toContain("the world");
    const asRoot = (line: string) =>
      failure(sandbox.commands.run(`PATH=$PATH:/usr/sbin:/sbin; ${line}`, { user: "root" }));
    expect(await asRoot("nsenter --net=/proc/1/ns/net true")).toHaveProperty("exitCode");
    const addRoute = "socket S, 2, 2, 0; my $r = pack q(x120); exit(ioctl(S, 0x890b, $r) ? 0 : $! == 1 ? 1 : 2)";
    expect(await asRoot(`perl -e '${addRoute}'`)).toHaveProperty("exitCode", 1);
  });

  it("reaches the ports of this machine's loopback that they name, by the same address, and no others", async () => {
    const port = addressOf(world);
    const [named, other] = [`localhost:${port}`, "127.0.0.1:9"];
    const sandbox = await create({ allowOut: [named, other], denyOut: [ALL_TRAFFIC] });
    expect(await get(sandbox, "127.0.0.1", port)).toContain("the world for 127.0.0.1\n");
    expect(await get(sandbox, "localhost", port)).toContain("the world for localhost\n");
    expect(await get(sandbox, "127.0.0.1", Number(new URL(test.host.url).port))).toMatch(/Connection refused/);
    expect(await get(sandbox, "127.0.0.2", port)).toMatch(/Connection refused/);
    expect(await get(sandbox, "203.0.113.7", 80)).not.toContain("the world");
    // The port does not count as the sandbox's.
    const headers = { "E2b-Sandbox-Id": sandbox.sandboxId, "E2b-Sandbox-Port": String(port) };
    expect((await fetch(test.host.url, { headers })).status).toBe(502);
    await sandbox.updateNetwork({ allowOut: [other], denyOut: [ALL_TRAFFIC] });
    expect(await get(sandbox, "127.0.0.1", port)).not.toContain("the world");
    await sandbox.updateNetwork({ allowOut: [named], denyOut: [ALL_TRAFFIC] });
    expect(await get(sandbox, "127.0.0.1", port)).toContain("the world");
  });

  it("keeps a port that a program of its own has", async () => {
    const sandbox = await create({ denyOut: [ALL_TRAFFIC] });
    const port = await startServer(sandbox);
    const change = sandbox.updateNetwork({ allowOut: [`127.0.0.1:${port}`], denyOut: [ALL_TRAFFIC] });
    expect((await failure(change)).message).toMatch(/^409: port \d+ of the sandbox cannot be this machine's: Address/);
    expect(await get(sandbox, "127.0.0.1", port)).toContain("201 Made");
    expect((await sandbox.getInfo()).network).toEqual({ denyOut: [ALL_TRAFFIC] });
  });

  it("asks the resolver where it may connect to something by name", async () => {
    const asked: string[] = [];
    const resolver = createSocket("udp4", (question, from) => {
      asked.push(question.toString("latin1"));
      // The response: the question, and one record with type A, class IN, a TTL of a minute, 203.0.113.9.
      const answer = Buffer.from("c00c000100010000003c0004cb007109", "hex");
      const [flags, counts] = [Buffer.from("8180", "hex"), Buffer.from("0001000100000000", "hex")];
      const end = question.indexOf(0, 12) + 5;
      const isA = question.readUInt16BE(end - 4) === 1;
      if (!isA) counts.writeUInt16BE(0, 2);
      const parts = [
        question.subarray(0, 2),
        flags,
        counts,
        question.subarray(12, end),
        isA ? answer : Buffer.alloc(0),
      ];
      resolver.send(Buffer.concat(parts), from.port, from.address);
    });
    await new Promise<void>((resolve) => resolver.bind(0, "127.0.0.1", resolve));
    resolverPort = resolver.address().port;
    try {
      const [named, bare] = await Promise.all([
        create({ allowOut: ["git.example"], denyOut: [ALL_TRAFFIC] }),
        create({ denyOut: [ALL_TRAFFIC] }),
      ]);
      // Sends a DNS query to any resolver, independent of the way in which this machine looks names up.
      const ask = `use Socket; socket my $s, AF_INET, SOCK_DGRAM, 0; setsockopt $s, SOL_SOCKET, SO_RCVTIMEO, pack q(qq), 1, 0;
        my $q = pack q(nnnnnn), 7, 256, 1, 0, 0, 0; $q .= qq(\\3git\\7example\\0) . pack q(nn), 1, 1;
        send $s, $q, 0, pack_sockaddr_in 53, inet_aton q(192.0.2.53); recv $s, my $a, 512, 0; print inet_ntoa substr $a, -4 if length $a`;
      expect((await named.commands.run(`perl -e '${ask}'`)).stdout).toBe("203.0.113.9");
      expect(asked).toHaveLength(1);
      expect((await bare.commands.run(`perl -e '${ask}'`)).stdout).toBe("");
      expect(asked).toHaveLength(1);
    } finally {
      resolver.close();
    }
  });

  it("gets them later only while nothing runs in it, and keeps its files and how clients come in", async () => {
    const sandbox = await create({ maskRequestHost: "masked" });
    await sandbox.files.write("kept", "yes");
    const running = await sandbox.commands.run("exec sleep 600", { background: true });
    expect((await failure(sandbox.updateNetwork({ denyOut: [ALL_TRAFFIC] }))).message).toMatch(
      /^501: a process cannot leave/,
    );
    expect((await sandbox.getInfo()).network).toEqual({ maskRequestHost: "masked" });
    await running.kill();
    await failure(running.wait());
    await sandbox.updateNetwork({ denyOut: [ALL_TRAFFIC], allowOut: ["203.0.113.7"] });
    expect(await get(sandbox, "203.0.113.7", 80)).toContain("the world");
    expect(await get(sandbox, "203.0.113.8", 80)).not.toContain("the world");
    expect(await sandbox.files.read("kept")).toBe("yes");
    expect((await sandbox.getInfo()).network).toEqual({
      maskRequestHost: "masked",
      denyOut: [ALL_TRAFFIC],
      allowOut: ["203.0.113.7"],
    });
    const [fork] = await sandbox.fork();
    if (fork === undefined || fork instanceof Error) throw fork;
    expect(await get(fork, "203.0.113.7", 80)).toContain("the world");
    // The same for a sandbox on layers.
    const [free] = await (await test.create()).fork();
    if (free === undefined || free instanceof Error) throw free;
    await free.files.write("kept", "yes");
    await free.updateNetwork({ allowInternetAccess: false });
    expect(await free.files.read("kept")).toBe("yes");
    for (const one of [fork, sandbox, free]) expect(await get(one, "203.0.113.8", 80)).not.toContain("the world");
  });

  it.each([
    [{ denyOut: ["example.com"] }, 400, "invalid denied CIDR example.com"],
    [{ denyOut: ["0.0.0.0"] }, 400, "invalid denied CIDR 0.0.0.0"],
    [{ allowOut: ["0.0.0.0/8"] }, 400, "invalid allowed address 0.0.0.0/8"],
    [{ allowOut: ["127.0.0.1:80"] }, 400, /^When specifying allowed domains/],
    [{ allowOut: ["example.com"] }, 400, /^When specifying allowed domains/],
    [{ rules: { "example.com": [] } }, 400, "Network transform rules are not available for your team."],
    [{ egressProxy: { address: "p:1" } }, 403, "Egress proxy (egressProxy) is not enabled for this team."],
    [{ httpsPorts: [8443] }, 501, /^httpsPorts: /],
    [{ maskRequestHost: "grün" }, 400, /^network\.maskRequestHost: mask request host is not ASCII/],
  ])("is refused with %j", async (network, status, message) => {
    const response = await test.control("POST", "/v2/sandboxes", { templateID: "base", network });
    expect([response.status, (await json(response, z.object({ message: z.string() }))).message]).toEqual([
      status,
      typeof message === "string" ? message : expect.stringMatching(message),
    ]);
  });
});

describe("egress rules without namespaces", () => {
  const test = useHost({ isolation: "none" });

  it("are refused, not ignored", async () => {
    const facts = { isolation: "none", layered: false, egress: false };
    expect(await json(await test.admin("GET", "/_local/host"), z.unknown())).toEqual(facts);
    expect((await failure(test.create({ allowInternetAccess: false }))).message).toMatch(
      /^501: egress rules take namespaces/,
    );
    const sandbox = await test.create();
    expect((await failure(sandbox.updateNetwork({ denyOut: [ALL_TRAFFIC] }))).message).toMatch(/^501: /);
    await sandbox.updateNetwork({});
  });
});
