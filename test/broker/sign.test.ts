import { beforeAll, describe, expect, test } from "vitest";
import { newSigningKey } from "../../scripts/support/api-key.ts";
import { type Lease, sealLease } from "../../src/broker/lease.ts";
import { type BrokerSettings, brokered } from "../../src/broker/proxy.ts";
import { bytesOf } from "../../src/signing/payload.ts";

const KEY = new Uint8Array(32).fill(1);
const MAKER = { name: "Warmtree", email: "agent@warmtree.invalid" };
const TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
const nowS = Math.floor(Date.now() / 1000);
const commit = (name = MAKER.name, atS = nowS, message = "m") =>
  `tree ${TREE}\nauthor A <a@b> ${atS} +0000\ncommitter ${name} <${MAKER.email}> ${atS} +0000\n\n${message}\n`;
const LEASE: Lease = {
  v: 1,
  tenant: "acme",
  sandbox_id: "s0",
  url: "https://github.com/a/b",
  repository: "github.com/a/b",
  services: ["git-upload-pack", "sign"],
  refs: [],
  expires_at: Date.now() + 60_000,
};

let settings: BrokerSettings;
beforeAll(async () => {
  const { key } = await newSigningKey();
  settings = { leaseKeys: [KEY], allowedGitHosts: ["github.com"], signingKeys: [bytesOf(atob(key))], author: MAKER };
});

async function ask(body: string, change: Partial<Lease> = {}, sealedWith = KEY, own: Partial<BrokerSettings> = {}) {
  const headers = { Authorization: `Bearer ${await sealLease({ ...LEASE, ...change }, [sealedWith])}` };
  const request = new Request("https://w.example/broker/sign", { method: "POST", headers, body });
  const answer = await brokered(request, { ...settings, ...own });
  return { status: answer.status, text: await answer.text() };
}

test("a commit of this service is signed", async () => {
  const { status, text } = await ask(commit());
  expect(status).toBe(200);
  expect(text).toMatch(/^-----BEGIN SSH SIGNATURE-----\n[^]+\n-----END SSH SIGNATURE-----\n$/);
});

describe("no signature for", () => {
  const signs = /this service did not make the commit/;
  test.each<[string, () => ReturnType<typeof ask>, number, RegExp]>([
    ["the commit of another committer", () => ask(commit("Mallory")), 403, signs],
    ["what is no commit", () => ask("rm -rf /"), 403, /neither a commit nor a tag/],
    ["nothing", () => ask(""), 403, /neither a commit nor a tag/],
    ["a commit of an hour ago", () => ask(commit(MAKER.name, nowS - 3600)), 503, /clock is wrong by 36\d\d s/],
    ["a commit of tomorrow", () => ask(commit(MAKER.name, nowS + 86_400)), 503, /clock is wrong/],
    ["a message of 100 kB", () => ask(commit(MAKER.name, nowS, "m".repeat(100_000))), 413, /larger than 86 KiB/],
    ["an operation without commits", () => ask(commit(), { services: ["git-receive-pack"] }), 403, /makes no commits/],
    ["an old lease", () => ask(commit(), { expires_at: Date.now() - 1 }), 403, /has expired/],
    ["another's lease", () => ask(commit(), {}, new Uint8Array(32).fill(2)), 403, /none of its own/],
    ["a service without a key", () => ask(commit(), {}, KEY, { signingKeys: [] }), 404, /no key/],
  ])("%s", async (_, asked, status, reason) => {
    expect(await asked()).toEqual({ status, text: expect.stringMatching(reason) });
  });

  test.each(["GET", "DELETE"])("%s", async (method) => {
    const answer = await brokered(new Request("https://w.example/broker/sign", { method }), settings);
    expect(answer.status).toBe(404);
  });
});
