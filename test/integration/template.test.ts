import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../../scripts/support/tools.ts";

function template(args: readonly string[], env: Record<string, string> = {}) {
  const script = [join(ROOT, "scripts", "template.ts"), ...args];
  const { E2B_API_KEY: _none, ...mine } = process.env;
  return spawnSync(process.execPath, script, { encoding: "utf8", env: { ...mine, ...env } });
}

test("npm run template builds, tries and promotes, on this machine where there is no E2B account", () => {
  const { status, stdout, stderr } = template(["--json"]);
  expect(stderr).toMatch(/\d\.\d s {2}try it\n.*promote it/);
  expect(JSON.parse(stdout)).toMatchObject({ template: "warmtree:v1", version: 1, state: "promoted" });
  expect(status).toBe(0);
});

test("npm run template shows what it would build at E2B, and builds nothing", () => {
  const { status, stdout, stderr } = template(["--dry-run"], {
    E2B_TEMPLATE_DEFINITION: "debian",
    E2B_TEMPLATE_VCPUS: "4",
  });
  const plan: unknown = JSON.parse(stdout);
  expect(plan).toMatchObject({
    next: 1,
    stable: null,
    size: { vcpus: 4, memoryMib: 512 },
    fromImage: expect.stringContaining("debian"),
  });
  expect(stderr).not.toContain("promote it");
  expect(status).toBe(0);
});

test.each([
  [["--frob"], {}, /^Unknown option '--frob'/],
  [[], { E2B_API_KEY: "k", E2B_TEMPLATE: "mine" }, /^E2B_TEMPLATE names a template of your own/],
])("npm run template %j says in one line why it cannot", (args, env, line) => {
  const { status, stderr } = template(args, env);
  expect(stderr.trim()).toMatch(line);
  expect(stderr.trim().split("\n")).toHaveLength(1);
  expect(status).toBe(1);
});
