import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { GIT_ENVIRONMENT } from "../../src/ops/environment.ts";
import type { SandboxTask } from "../../src/ops/operation.ts";
import { probeAfterResume, probeBeforePause } from "../../src/ops/probes/tree-state.ts";
import { OPERATIONS } from "../../src/ops/registry.ts";
import { assemble } from "../../src/ops/scripts/assemble.ts";
import { homeWith } from "./trees.ts";

const SCRIPTS: readonly SandboxTask<never>[] = [...OPERATIONS, probeBeforePause, probeAfterResume];
const FOLDER = join(import.meta.dirname, "..", "..", "src", "ops", "scripts");

test.each(SCRIPTS.filter(({ shell }) => shell !== "perl"))(
  "the script of $name defines each function once",
  ({ script }) => {
    // A quoted heredoc is another script.
    const own = script.replaceAll(/<<'(\w+)'[\s\S]*?\n\1\n/g, "");
    const names = Array.from(own.matchAll(/^ *([a-z_]+)\(\) *[({]/gm), ([, name]) => name);
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
  },
);

test("a script runs from its files as well", () => {
  const home = homeWith({ "a.txt": "a\n" });
  onTestFinished(() => home.remove());
  const env = { ...process.env, ...GIT_ENVIRONMENT, HOME: home.path, WT_LIB: join(FOLDER, "lib"), WT_NONCE: "n" };
  const of = (...args: string[]) => execFileSync("bash", [...args, "status", "--short"], { env, encoding: "utf8" });
  const told = of(join(FOLDER, "status.sh"));
  expect(told).toContain("\0n:1\n");
  const text = OPERATIONS.find(({ name }) => name === "status")?.script ?? "";
  expect(of("-c", text, "status")).toBe(told);
});

const PIECES = {
  "one.sh": '. "$WT_LIB/two.sh"\none() { :; }\n',
  "two.sh": "# why\ntwo() { :; }\n",
  "say.pl": 'require "$ENV{WT_LIB}/words.pl";\nprint words();\n',
  "words.pl": `sub words { "it's" }\n`,
};

test("a piece is in a script once, without its comments", () => {
  expect(assemble('. "$WT_LIB/one.sh"\n. "$WT_LIB/two.sh"\none\n', "shell", PIECES)).toBe(
    "two() { :; }\none() { :; }\none\n",
  );
});

test("a piece of Perl in a block is compiled once, when the block runs", () => {
  const pieces = { "n.pl": 'our $n;\n$n++;\nsub say_n { "it\'s $n" }\n', "wrong.pl": "(;\n" };
  const block = (name: string) => `sub need {\n  require "$ENV{WT_LIB}/${name}";\n}\n`;
  const run = (text: string) => execFileSync("perl", ["-e", text], { encoding: "utf8", stdio: "pipe" });
  expect(run(assemble(`use strict;\n${block("n.pl")}need();\nneed();\nprint say_n();\n`, "perl", pieces))).toBe(
    "it's 1",
  );
  expect(run(assemble(`${block("wrong.pl")}print 1;\n`, "perl", pieces))).toBe("1");
  expect(() => run(assemble(`${block("wrong.pl")}need();\n`, "perl", pieces))).toThrow("syntax error");
});

test("what stands in a quoted heredoc has its own pieces", () => {
  const script = `. "$WT_LIB/two.sh"\nsh -s <<'LATER'\n. "$WT_LIB/two.sh"\ntwo\nLATER\n. "$WT_LIB/two.sh"\n`;
  expect(assemble(script, "shell", PIECES)).toBe("two() { :; }\nsh -s <<'LATER'\ntwo() { :; }\ntwo\nLATER\n");
});

test("Perl in a shell, and a shell in Perl, come with their quotes", () => {
  const shell = assemble('perl "$WT_LIB/say.pl"\n', "shell", PIECES);
  expect(execFileSync("bash", ["-c", shell], { encoding: "utf8" })).toBe("it's");
  const pieces = { "back.sh": `printf '%s|' 'a\\b' "$@"\n` };
  const perl = assemble('system "/bin/sh", "$ENV{WT_LIB}/back.sh", "c d";\n', "perl", pieces);
  expect(execFileSync("perl", ["-e", perl], { encoding: "utf8" })).toBe("a\\b|c d|");
});

test("a piece that is not there is a fault of the script", () => {
  expect(() => assemble('. "$WT_LIB/none.sh"\n', "shell", PIECES)).toThrow("none.sh");
});
