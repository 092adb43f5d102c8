import { randomUUID } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { makeRepository } from "../../scripts/sample-remote/repositories.ts";
import { type GitServer, startGitServer } from "../../scripts/sample-remote/server.ts";
import { listen } from "../../scripts/support/listen.ts";
import { batchOf } from "../../src/ops/batch.ts";
import { clone } from "../../src/ops/clone.ts";
import { edit } from "../../src/ops/edit.ts";
import { pull } from "../../src/ops/pull.ts";
import { push } from "../../src/ops/push.ts";
import { read } from "../../src/ops/read.ts";
import { Home } from "./support.ts";

const TOKEN = "tok_91c7be5a02d34f68";
const BASIC = btoa(`x-access-token:${TOKEN}`);

let folder: string;
let git: GitServer;
let home: Home;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "warmtree-net-"));
  const auth = { repositories: ["private"], tokens: { "x-access-token": TOKEN } };
  git = await startGitServer({ root: join(folder, "remote"), auth });
  await makeRepository(git.root, "private", { files: 5, commits: 3 });
});
afterAll(async () => {
  await git.close();
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(() => {
  home = new Home(`${git.url}/private.git`);
  home.remote = { ...home.remote, authorization: `Basic ${BASIC}` };
});
afterEach(() => home.remove());

/** Replaces commands that operations start, each by one that first records the data that any process can read of it. */
function spyOn(commands: readonly string[]): { seen(): string; end(): void } {
  const bin = mkdtempSync(join(folder, "bin-"));
  const log = join(bin, "seen");
  const path = process.env["PATH"] ?? "";
  for (const command of commands) {
    const real = path
      .split(delimiter)
      .map((place) => join(place, command))
      .find(existsSync);
    // The data that a child of the script inherits: the environment, and each descriptor that it can read.
    const note = `{ tr '\\0' '\\n' </proc/$$/environ; [ ! -p /proc/$$/fd/6 ] || echo piped; } >>'${log}' 2>/dev/null`;
    writeFileSync(join(bin, command), `#!/bin/sh\n${note}\nexec ${real} "$@"\n`);
    chmodSync(join(bin, command), 0o755);
  }
  process.env["PATH"] = `${bin}${delimiter}${path}`;
  return { seen: () => readFileSync(log, "utf8"), end: () => void (process.env["PATH"] = path) };
}

describe.skipIf(!existsSync("/proc/self/environ"))("the credential", () => {
  test("is in the environment of no process that an operation starts, and in no pipe of one", async () => {
    const spy = spyOn(["git", "flock", "rm", "sed", "grep", "perl", "mkdir", "ln", "mv"]);
    try {
      await home.run(clone);
      await home.run(edit, { files: [{ path: "new.txt", content: "n\n" }] });
      await home.run(push, { message: "Add a file" });
      await home.run(pull);
      const steps = [{ operation: pull, asked: pull.input.parse({ sandbox_id: "s0-00000000000000000000" }) }];
      expect(await home.perform({ ...batchOf(steps), access: "remote" })).toMatchObject([{ parsed: { ok: true } }]);
    } finally {
      spy.end();
    }
    expect(spy.seen()).toContain("GIT_CONFIG_COUNT=");
    expect(spy.seen()).not.toContain(BASIC);
    expect(spy.seen()).not.toContain("piped");
  });

  test("reaches the look that fetches from a partial clone, in the same way", async () => {
    await home.run(clone, { filter: "tree:0" });
    const spy = spyOn(["git", "sed", "rm"]);
    try {
      expect((await home.run(read, { ref: "HEAD~1" })).entries).not.toEqual([]);
    } finally {
      spy.end();
    }
    expect(spy.seen()).not.toContain(BASIC);
  });
});

describe("net.git, after a process in the sandbox changed it,", () => {
  const poison: readonly (readonly [string, (net: string, proxy: string) => void])[] = [
    ["its config", (net, proxy) => writeFileSync(join(net, "config"), `[http]\n\tproxy = ${proxy}\n`, { flag: "a" })],
    [
      "its config's include",
      (net, proxy) => {
        writeFileSync(join(home.path, "inc"), `[http]\n\tproxy = ${proxy}\n`);
        writeFileSync(join(net, "config"), `[include]\n\tpath = ${join(home.path, "inc")}\n`, { flag: "a" });
      },
    ],
    [
      "commondir",
      (net, proxy) => {
        const common = join(home.path, "common");
        mkdirSync(common);
        for (const name of ["objects", "refs", "packed-refs", "shallow"]) {
          symlinkSync(join(home.tree, ".git", name), join(common, name));
        }
        writeFileSync(join(common, "config"), `[core]\n\tbare = true\n[http]\n\tproxy = ${proxy}\n`);
        writeFileSync(join(net, "commondir"), common);
      },
    ],
    [
      "config.worktree",
      (net, proxy) => {
        writeFileSync(join(net, "config"), "[extensions]\n\tworktreeConfig = true\n", { flag: "a" });
        writeFileSync(join(net, "config.worktree"), `[http]\n\tproxy = ${proxy}\n`);
      },
    ],
    [
      "a link to the tree's own",
      (net, proxy) => {
        rmSync(net, { recursive: true });
        symlinkSync("../repo/.git", net);
        home.git("config", "http.proxy", proxy);
      },
    ],
    [
      "a config that is a link",
      (net, proxy) => {
        writeFileSync(
          join(home.path, "cfg"),
          `${readFileSync(join(net, "config"), "utf8")}[http]\n\tproxy = ${proxy}\n`,
        );
        rmSync(join(net, "config"));
        symlinkSync(join(home.path, "cfg"), join(net, "config"));
      },
    ],
    [
      "hooks",
      (net) => {
        mkdirSync(join(net, "hooks"));
        writeFileSync(join(net, "hooks/pre-push"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
      },
    ],
  ];

  test.each(poison)("%s, is made anew, and the credential goes nowhere else", async (_, change) => {
    await home.run(clone);
    let asked = 0;
    const proxy = createServer((_request, response) => {
      asked++;
      response.writeHead(502).end();
    });
    const port = await listen(proxy, 0);
    try {
      change(join(home.path, ".warmtree/net.git"), `http://127.0.0.1:${port}`);
      expect(await home.run(pull)).toMatchObject({ how: "nothing_new" });
      await home.run(edit, { files: [{ path: `${randomUUID()}.txt`, content: "n\n" }] });
      expect(await home.run(push, { message: "Add a file" })).toMatchObject({ pushed: true });
      expect(asked).toBe(0);
    } finally {
      proxy.close();
    }
  });
});
