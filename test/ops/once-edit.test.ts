import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { edit } from "../../src/ops/edit.ts";
import { status } from "../../src/ops/status.ts";
import { tag } from "../../src/ops/tag.ts";
import { ONCE } from "./once-kills.ts";
import type { Home } from "./support.ts";
import { cloneForEach } from "./support.ts";

let home: Home;
cloneForEach(
  (origin) => {
    writeFileSync(join(origin.tree, "a.txt"), "n=1\n");
    writeFileSync(join(origin.tree, "b.txt"), "b\n");
    origin.publish("one");
  },
  {},
  (made) => ({ home } = made),
);

const PATH = process.env["PATH"] ?? "";
const folder = mkdtempSync(join(tmpdir(), "warmtree-once-edit-"));
afterAll(() => {
  process.env["PATH"] = PATH;
  rmSync(folder, { recursive: true, force: true });
});

/** Counts the system calls by which an edit changes files, and kills it before one of them. */
const KILLER = String.raw`
package Killer;
my $left = $ENV{KILL_BEFORE};
my $made = 0;
sub count { if (++$made == $left) { kill 9, $$ } }
BEGIN {
  *CORE::GLOBAL::open = sub (*;$@) { count(); @_ == 3 ? CORE::open($_[0], $_[1], $_[2]) : CORE::open($_[0], $_[1], $_[2], @_[3 .. $#_]) };
  *CORE::GLOBAL::rename = sub ($$) { count(); CORE::rename($_[0], $_[1]) };
  *CORE::GLOBAL::link = sub ($$) { count(); CORE::link($_[0], $_[1]) };
  *CORE::GLOBAL::mkdir = sub (_;$) { count(); CORE::mkdir($_[0]) };
  *CORE::GLOBAL::rmdir = sub (_) { count(); CORE::rmdir($_[0]) };
  *CORE::GLOBAL::close = sub (;*) { my $ok = CORE::close($_[0]); count(); $ok };
}
END { CORE::open(my $out, ">", "${folder}/made"); print {$out} $made }
1;
`;
writeFileSync(join(folder, "Killer.pm"), KILLER);

/** @returns system calls of an edit that was not killed */
async function editKilledBefore(nth: number, input: object): Promise<number> {
  const shim = `#!/bin/sh\nPATH='${PATH}' KILL_BEFORE=${nth} exec perl '-I${folder}' -MKiller "$@"\n`;
  writeFileSync(join(folder, "perl"), shim);
  chmodSync(join(folder, "perl"), 0o755);
  rmSync(join(folder, "made"), { force: true });
  process.env["PATH"] = `${folder}${delimiter}${PATH}`;
  try {
    await home.answer(edit, input);
  } finally {
    process.env["PATH"] = PATH;
  }
  return existsSync(join(folder, "made")) ? Number(readFileSync(join(folder, "made"), "utf8")) : 0;
}

const INPUT = {
  files: [
    { path: "a.txt", old: "n=1", new: "n=11" },
    { path: "b.txt", move_to: "d/b.txt" },
  ],
};

function reset(): void {
  home.git("checkout", "-q", "-f", "HEAD", "--", ".");
  home.git("clean", "-fdq");
  rmSync(receipt(), { force: true });
}

async function withoutName(work: () => Promise<unknown>): Promise<void> {
  home.once = undefined;
  await work();
  home.once = ONCE;
}

const receipt = () => join(home.path, ".warmtree/once", ONCE);
const text = (path: string) => readFileSync(join(home.tree, path), "utf8");

test.each<[string, ((nth: number) => Promise<unknown>) | undefined]>([
  ["sent again at once", undefined],
  ["sent again after a look", () => home.run(status)],
  ["sent again after another change", (nth) => home.run(tag, { name: `v${nth}` })],
])("an edit that is killed anywhere is made once: %s", { timeout: 60_000 }, async (_, between) => {
  home.once = ONCE;
  const made = await editKilledBefore(0, INPUT);
  expect(made).toBeGreaterThan(15);
  let done = 0;
  for (let nth = 1; nth <= made; nth++) {
    const about = `killed before ${nth}`;
    reset();
    expect(await editKilledBefore(nth, INPUT), about).toBe(0);
    if (between) {
      await withoutName(() => between(nth));
      // Once an unfinished edit is undone, there is a receipt if, and only if, the edit was made.
      expect(existsSync(receipt()), about).toBe(text("a.txt") === "n=11\n");
      if (existsSync(receipt())) done++;
    }
    expect(await home.run(edit, INPUT), about).toMatchObject({
      changed: [
        { path: "a.txt", change: "modified" },
        { path: "d/b.txt", change: "moved", from: "b.txt" },
      ],
    });
    expect([text("a.txt"), text("d/b.txt")], about).toEqual(["n=11\n", "b\n"]);
  }
  // Some were killed before the edit was final, and some after.
  if (between) expect(done > 0 && done < made).toBe(true);
});

test("an edit that changes nothing has a receipt, too", async () => {
  const input = { files: [{ path: "a.txt", content: "n=1\n" }] };
  home.once = ONCE;
  expect(await home.run(edit, input)).toMatchObject({ changed: [], unchanged: ["a.txt"] });
  writeFileSync(join(home.tree, "a.txt"), "x\n");
  expect(await home.run(edit, input)).toMatchObject({ changed: [], unchanged: ["a.txt"] });
  expect(text("a.txt")).toBe("x\n");
});
