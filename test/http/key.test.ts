import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import * as z from "zod/v4";
import { parseConfig } from "../../src/config.ts";

const SCRIPT = join(import.meta.dirname, "../../scripts/key.ts");
const printed = z.strictObject({ tenant: z.string(), key: z.string(), entry: z.string() });

const makeKey = (tenant: string) =>
  printed.parse(JSON.parse(execFileSync(process.execPath, [SCRIPT, tenant, "--json"], { encoding: "utf8" })));

describe("npm run key", () => {
  it("prints a key and the entry by which the Worker knows it", () => {
    const { tenant, key, entry } = makeKey("acme.dev_1-x");
    expect(tenant).toBe("acme.dev_1-x");
    expect(key).toMatch(/^wt_[A-Za-z0-9_-]{43}$/);
    const sha256 = createHash("sha256").update(key).digest("hex");
    expect(parseConfig({ E2B_API_KEY: "x", API_KEYS: `other=${"0".repeat(64)}, ${entry}` }).apiKeys[1]).toEqual({
      tenant,
      sha256,
    });
  });

  it("makes a key that seals leases", () => {
    const key = execFileSync(process.execPath, [SCRIPT, "--lease"], { encoding: "utf8" }).trim();
    expect(parseConfig({ E2B_API_KEY: "x", LEASE_KEY: `${key},${key}` }).leaseKeys).toMatchObject([
      { byteLength: 32 },
      { byteLength: 32 },
    ]);
  });

  it("makes a key that signs commits, with its public half", () => {
    const text = execFileSync(process.execPath, [SCRIPT, "--signing"], { encoding: "utf8" });
    const [, key = ""] = /^SIGNING_KEY {2}(\S{64})\npublic half {2}ssh-ed25519 [\w+/]{68} warmtree\n$/.exec(text) ?? [];
    const settings = { E2B_API_KEY: "x", LEASE_KEY: "A".repeat(43), SIGNING_KEY: key };
    expect(parseConfig(settings).signingKeys).toMatchObject([{ byteLength: 48 }]);
  });

  it("makes another one each time", () => {
    expect(makeKey("acme").key).not.toBe(makeKey("acme").key);
  });

  it("shows the same for people", () => {
    const text = execFileSync(process.execPath, [SCRIPT, "acme"], { encoding: "utf8" });
    expect(text).toMatch(/^key {4}wt_\S{43}\nentry {2}acme=[0-9a-f]{64}\n$/);
  });

  it.each([[], ["two", "tenants"], [""], ["a b"], ["a,b"], [`a=${"0".repeat(64)},b`], ["x".repeat(65)], ["naïve"]])(
    "refuses %j and prints no key",
    (...args) => {
      const { status, stdout, stderr } = spawnSync(process.execPath, [SCRIPT, ...args], { encoding: "utf8" });
      expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
      expect(stderr).toMatch(/tenant/);
    },
  );
});
