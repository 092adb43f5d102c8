import { afterAll, afterEach, expect, test } from "vitest";
import { callOperation } from "../../scripts/support/client.ts";
import { type Stack, startStack } from "../../scripts/harness/stack.ts";
import { call } from "../support/worker.ts";
import { makeRepositoryOf } from "./hostile-repository.ts";
import { hostilePatches, LINKS } from "./patch-corpus.ts";

const TEST_TIMEOUT_MS = 30 * 60_000;
const LANES = 4;
const REFUSED = /^(?:invalid_input|patch_failed)$/;
/** Contents of files outside that the corpus names: passwd, the configs of net.git and .git, .git/HEAD. */
const LEAK = /root:x:0|repositoryformatversion|ref: refs\/heads/;

let stack: Stack;
let total = 0;
afterEach(() => stack.close());
afterAll(() => console.log(`${total} hostile patches: none reached a file outside the tree`));

test.each(["auto", "none"] as const)(
  "no patch reaches a file outside the tree, isolation %s",
  { timeout: TEST_TIMEOUT_MS },
  async (isolation) => {
    stack = await startStack({ isolation });
    const files = {
      "a.txt": "a\n",
      ...Object.fromEntries(Object.entries(LINKS).map(([name, to]) => [name, `-> ${to}`])),
    };
    makeRepositoryOf(stack.git.root, "links", files);
    const patches = hostilePatches();
    const bad: string[] = [];
    const lane = async (number: number) => {
      const { sandbox_id } = await call(stack, "clone", {
        repo_url: `${stack.git.url}/links.git`,
        agent_id: "p",
        task_id: `${number}`,
      });
      for (const { about, patch } of patches.filter((_patch, at) => at % LANES === number)) {
        const { status, json } = await callOperation(stack.url, "edit", { sandbox_id, patch });
        total++;
        const text = JSON.stringify(json);
        if (status !== 200) {
          if (!REFUSED.test(String(Reflect.get(Object(json), "code")))) bad.push(`${about}: ${text}`);
          continue;
        }
        const diff = await call(stack, "diff", { sandbox_id });
        const isOnlyMade = text.includes('"changed":[{"path":"made.txt","change":"added"}]');
        if (!isOnlyMade || LEAK.test(JSON.stringify(diff))) bad.push(`${about}: ${text}`);
        await call(stack, "restore", { sandbox_id, all: true });
      }
    };
    await Promise.all(Array.from({ length: LANES }, (_, number) => lane(number)));
    expect(bad).toEqual([]);
  },
);
