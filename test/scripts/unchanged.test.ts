import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ROOT } from "../../scripts/support/tools.ts";
import { Checkout } from "../../scripts/tests/inputs.ts";
import { machineKey } from "../../scripts/tests/machine.ts";
import type { FileResult } from "../../scripts/tests/run-result.ts";
import { PassedTests } from "../../scripts/tests/unchanged.ts";

let root: string;
let files: Set<string>;

function write(file: string, text: string): void {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), text);
  files.add(file);
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "warmtree-checkout-"));
  files = new Set();
  write("vitest.config.ts", 'import "./scripts/config-part.ts";');
  write("scripts/config-part.ts", "");
  write("package-lock.json", "{}");
  write("scripts/tools.ts", 'export const ROOT = join(import.meta.dirname, "..");');
  write("src/a.ts", 'import { b } from "./b.ts";\nimport type { Other } from "./other.ts";');
  write("src/b.ts", 'import text from "./c.sh";\nexport { d } from "./d.ts";');
  write("src/c.sh", "true");
  write("src/d.ts", "");
  write("src/other.ts", "");
  write("docs/page.md", "");
  write("test/a.test.ts", 'import {\n  a,\n} from "../src/a.ts";');
  write("test/other.test.ts", 'import "../src/other.ts";');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const digest = (file = "test/a.test.ts", key = "machine") => new Checkout(root, files).digestOf(file, key);

/** Whether a test has to run again after a change. */
function runsAgain(change: () => void, file?: string): boolean {
  const before = digest(file);
  change();
  return digest(file) !== before;
}

describe("a test runs again", () => {
  test.each([
    ["test/a.test.ts"],
    ["src/a.ts"],
    ["src/b.ts"],
    ["src/c.sh"],
    ["src/d.ts"],
    ["package-lock.json"],
    ["vitest.config.ts"],
    ["scripts/config-part.ts"],
  ])("when %s is another", (file) => {
    expect(runsAgain(() => write(file, `${readFileSync(join(root, file), "utf8")}\n`))).toBe(true);
  });

  test("when a file may be executed, or is gone, or what is installed is another", () => {
    expect(runsAgain(() => chmodSync(join(root, "src/c.sh"), 0o755))).toBe(true);
    expect(runsAgain(() => rmSync(join(root, "src/c.sh")))).toBe(true);
    const installed = () => {
      mkdirSync(join(root, "node_modules"));
      writeFileSync(join(root, "node_modules/.package-lock.json"), "{}");
    };
    expect(runsAgain(installed)).toBe(true);
  });

  test("not when it is a file that it does not come to, or of which it has the types alone", () => {
    for (const file of ["src/other.ts", "src/new.ts", "test/other.test.ts", "docs/page.md", "scripts/tools.ts"]) {
      expect(runsAgain(() => write(file, "// another"))).toBe(false);
    }
  });

  test("whatever stands after a text that ends in from", () => {
    write(
      "test/a.test.ts",
      `type Facts = Omit<Changed, "from">;\n${"// more\n".repeat(100)}import { a } from "../src/a.ts";`,
    );
    expect(runsAgain(() => write("src/other.ts", "// another"))).toBe(false);
    expect(runsAgain(() => write("src/a.ts", "// another"))).toBe(true);
  });

  test.each([
    ["beside it", 'readFileSync(join(import.meta.dirname, "..", "src", "data"))', "src/data"],
    ["of the root", 'import { ROOT } from "../scripts/tools.ts";\njoin(ROOT, "src", "data");', "src/data"],
    ["by address", 'new URL("../src/data", import.meta.url)', "src/data"],
    ["in a folder", 'readdirSync(join(import.meta.dirname, "../src/folder"))', "src/folder/data"],
    ["of a script that it names", 'spawn(join(import.meta.dirname, "../scripts/x.ts"))', "src/data"],
    ["loaded later", 'await import("../src/data.ts")', "src/data.ts"],
    ["in place of another", 'vi.mock("../src/data.ts")', "src/data.ts"],
  ])("when a file is another that it names: %s", (_, text, file) => {
    write("scripts/x.ts", 'import "../src/y.ts";');
    write("src/y.ts", 'new URL("./data", import.meta.url);');
    write(file, "");
    write("test/a.test.ts", text);
    expect(runsAgain(() => write("src/other.ts", "// another"))).toBe(false);
    expect(runsAgain(() => write(file, "// another"))).toBe(true);
  });

  test.each([
    ["a path of a variable", 'import { ROOT } from "../scripts/tools.ts";\njoin(ROOT, "scripts", name);'],
    ["a path of a variable beside it", 'join(import.meta.dirname, name, "x");'],
    ["the root, handed on", 'import { ROOT as top, toolPath } from "../scripts/tools.ts";\nrun(top);'],
    ["the root of all that a file gives", 'import * as tools from "../scripts/tools.ts";\nrun(tools.ROOT);'],
    ["the root, loaded later", 'const { ROOT } = await import("../scripts/tools.ts");\nrun(ROOT);'],
    ["a tool", 'import { runTool } from "../scripts/tools.ts";\nrunTool("tsc", []);'],
    ["the current folder", "process.cwd()"],
    ["an import that cannot be told", "await import(`../src/${name}.ts`)"],
    ["a way up from a folder", 'join(join(import.meta.dirname, "../scripts"), "../src", name);'],
    ["what a build makes", 'import page from "../dist/page/index.html";'],
    ["a package that is a folder of the checkout", 'import host from "@warmtree/host/client";'],
  ])("when any file is another, for %s; but no other test", (_, text) => {
    mkdirSync(join(root, "node_modules/@warmtree"), { recursive: true });
    symlinkSync("../../src", join(root, "node_modules/@warmtree/host"));
    write("test/a.test.ts", text);
    expect(runsAgain(() => write("test/other.test.ts", "// another"))).toBe(false);
    expect(runsAgain(() => write("docs/page.md", "another"))).toBe(false);
    expect(runsAgain(() => write("src/new.sh", "another"))).toBe(true);
    write("scripts/reader.ts", "// As docs/page.md says.");
    expect(runsAgain(() => write("docs/page.md", "again"))).toBe(false);
    write("scripts/reader.ts", 'const PAGE = "docs/page.md";');
    expect(runsAgain(() => write("docs/page.md", "once more"))).toBe(true);
  });

  test("when any page is another, for one that looks for pages", () => {
    write(
      "test/a.test.ts",
      'import { ROOT } from "../scripts/tools.ts";\nlist(ROOT).filter((file) => file.endsWith(".md"));',
    );
    expect(runsAgain(() => write("docs/page.md", "another"))).toBe(true);
  });

  test("in workerd when any file is another", () => {
    write("test/a.workerd.test.ts", "");
    expect(runsAgain(() => write("src/other.ts", "// another"), "test/a.workerd.test.ts")).toBe(true);
  });

  test("on another machine, with another program or variable; not in another terminal", () => {
    expect(digest("test/a.test.ts", "another")).not.toBe(digest());
    const key = (env: NodeJS.ProcessEnv, version = "1") => machineKey(env, (program) => `${program} ${version}`);
    expect(key({ TZ: "UTC" }, "2")).not.toBe(key({ TZ: "UTC" }));
    expect(key({ TZ: "CET" })).not.toBe(key({ TZ: "UTC" }));
    expect(key({ TERM: "dumb", npm_config_x: "1" })).toBe(key({}));
    expect(machineKey({})).toBe(machineKey({}));
  });
});

describe("of the results", () => {
  const HOUR_MS = 60 * 60 * 1000;
  const result = (file: string, counts: Partial<FileResult> = {}): FileResult => {
    return { project: "unit", file, passed: 3, failed: 0, skipped: 0, seconds: 1, ...counts };
  };
  const digests = new Map([
    ["a", "1"],
    ["b", "2"],
  ]);
  let hours: number;
  const passedTests = () => new PassedTests(join(root, "state", "passed.json"), () => hours * HOUR_MS);
  beforeEach(() => {
    hours = 1000;
    passedTests().keep(digests, digests, [result("a"), result("b")]);
  });

  test("what passed is known again, with its number of tests", () => {
    expect(passedTests().unchanged(digests)).toEqual({ toRun: [], files: 2, tests: 6 });
    const next = new Map([...digests, ["b", "3"], ["c", "4"]] as const);
    expect(passedTests().unchanged(next)).toEqual({ toRun: ["b", "c"], files: 1, tests: 3 });
  });

  test("what failed is not kept, and no longer known", () => {
    passedTests().keep(digests, digests, [result("b", { failed: 1 })]);
    expect(passedTests().unchanged(digests).toRun).toEqual(["b"]);
  });

  test.each([
    ["was skipped in part", result("c", { skipped: 1 })],
    ["has no test", result("c", { passed: 0 })],
  ])("what %s is not kept", (_, one) => {
    const more = new Map([["c", "5"]]);
    passedTests().keep(more, more, [one]);
    expect(passedTests().unchanged(more).toRun).toEqual(["c"]);
  });

  test("what was changed while it ran is not kept", () => {
    passedTests().keep(new Map([["c", "5"]]), new Map([["c", "6"]]), [result("c")]);
    expect(passedTests().unchanged(new Map([["c", "5"]])).toRun).toEqual(["c"]);
    expect(passedTests().unchanged(new Map([["c", "6"]])).toRun).toEqual(["c"]);
  });

  test("after a week, or with a record that cannot be read, all runs", () => {
    hours += 7 * 24;
    expect(passedTests().unchanged(digests).toRun).toEqual(["a", "b"]);
    write("state/passed.json", '{"1":');
    expect(passedTests().unchanged(digests).toRun).toEqual(["a", "b"]);
  });
});

test("every file that the runner's settings name is an input of each test, or one of those in workerd", () => {
  const settings = readFileSync(join(ROOT, "vitest.config.ts"), "utf8");
  const named = [...settings.matchAll(/"\.\/(?!scripts\/)([^"]+\.ts)"/g)].map(([, file = ""]) => file);
  const inputs = new Set(Checkout.of(ROOT).inputsOf("test/pool/gaps.test.ts"));
  const others = new Set(named.filter((file) => !inputs.has(file)));
  expect(others).toEqual(new Set(["src/index.ts", "test/durable/fresh-objects.ts", "test/support/local-host.ts"]));
  const loaded = ["vitest.config.ts", "package-lock.json", "src/pool/gaps.ts", "scripts/support/text-imports.mjs"];
  expect(loaded.filter((file) => !inputs.has(file))).toEqual([]);
});
