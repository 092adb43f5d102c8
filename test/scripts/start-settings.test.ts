import { readFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startSettings } from "../../scripts/support/start-settings.ts";
import { egressBindings } from "../../scripts/support/local-services.ts";
import { ROOT } from "../../scripts/support/tools.ts";
import { SETTINGS } from "../../src/settings/settings.ts";

const page = readFileSync(join(ROOT, "docs/settings.md"), "utf8");
const [, table = ""] = /^\| setting \|.*\n((?:\|.*\n)+)/m.exec(page) ?? [];
/** The names of the first column. */
const LISTED = table
  .split("\n")
  .flatMap((line) => [...(line.split("|")[1] ?? "").matchAll(/`([A-Z0-9_]+)`/g)])
  .map(([, name = ""]) => name);

test("docs/settings.md lists every setting", () => {
  expect(LISTED.toSorted()).toEqual(SETTINGS.toSorted());
});

test.each(LISTED)("npm start passes %s on to the Worker", (name) => {
  const { bindings } = startSettings({ [name]: "given", UNRELATED: "given" });
  expect(bindings).toMatchObject({ [name]: expect.stringMatching(/^given/) });
  expect(bindings).not.toHaveProperty("UNRELATED");
});

test("what leads to the services of this machine comes on top, and their git host beside those allowed", () => {
  const local = { E2B_API_URL: "http://127.0.0.1:1", ALLOWED_GIT_HOSTS: "http://127.0.0.1:2" };
  const env = { E2B_API_URL: "https://e2b.example", ALLOWED_GIT_HOSTS: "git.example", POOL_MIN: "1" };
  expect(startSettings({}, local).bindings.ALLOWED_GIT_HOSTS).toBe("github.com,http://127.0.0.1:2");
  expect(startSettings(env, local)).toEqual({
    bindings: { E2B_API_URL: "http://127.0.0.1:1", ALLOWED_GIT_HOSTS: "git.example,http://127.0.0.1:2", POOL_MIN: "1" },
    key: "dev",
  });
});

test.each([{ API_KEYS: "acme=hash" }, { LOOPBACK_ACCESS: "keyed" }])("with %j the key is a new one", (env) => {
  const [one, other] = [startSettings(env), startSettings(env)];
  expect(one.key).not.toBe(other.key);
  const entry = `dev=${createHash("sha256").update(one.key).digest("hex")}`;
  expect(one.bindings.API_KEYS).toBe([...(env.API_KEYS === undefined ? [] : [env.API_KEYS]), entry].join());
});

test("where the sandbox host refuses egress rules, none are asked for, unless the environment wants them", () => {
  expect(egressBindings({ egress: true }, "sealed")).toEqual({});
  expect(egressBindings({ egress: false })).toEqual({ SANDBOX_EGRESS: "open" });
  expect(egressBindings({ egress: false }, "open")).toEqual({ SANDBOX_EGRESS: "open" });
  expect(() => egressBindings({ egress: false }, "sealed")).toThrow("SANDBOX_EGRESS is sealed, and this machine");
});
