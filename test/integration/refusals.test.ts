import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { leaseKey, LeaseHolder } from "../../scripts/harness/lease-holder.ts";
import { type Stack, startStack } from "../../scripts/harness/stack.ts";
import { makeRepository } from "../../scripts/sample-remote/repositories.ts";
import { newSigningKey } from "../../scripts/support/api-key.ts";
import type { Lease } from "../../src/broker/lease.ts";
import type { RefRule } from "../../src/broker/rules.ts";
import { branch } from "../../src/ops/branch.ts";
import { clone } from "../../src/ops/clone.ts";
import { edit } from "../../src/ops/edit.ts";
import type { Operation } from "../../src/ops/operation.ts";
import { push } from "../../src/ops/push.ts";
import { tag } from "../../src/ops/tag.ts";
import type { PolicyDocument } from "../../src/policy/policy.ts";
import { glpat } from "../ops/fake-secrets.ts";
import { Home, policyWith } from "../ops/support.ts";
import { remoteGit } from "../support/worker.ts";

const OWN = "refs/heads/agent/a/b";
const key = leaseKey();
const page: string[] = [];

let stack: Stack;
let folder: string;
let holder: LeaseHolder;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "warmtree-refusals-"));
  const { key: signing } = await newSigningKey();
  stack = await startStack({ bindings: { LEASE_KEY: key.setting, SIGNING_KEY: signing } });
  await makeRepository(stack.git.root, "small", { files: 3, commits: 2 });
  await makeRepository(stack.git.root, "other", { files: 3, commits: 2 });
  remoteGit(stack, "small", "tag", "v1", "main~1");
  remoteGit(stack, "small", "branch", "agent/a/old", "main~1");
  remoteGit(stack, "small", "config", "receive.advertisePushOptions", "true");
  const refs = [{ ref: OWN, may: "write" }] as const;
  holder = new LeaseHolder({ worker: stack.url, host: stack.git.url, key: key.bytes, refs });
});
afterAll(async () => {
  await stack.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Refusal {
  readonly rule: string;
  readonly lease?: Partial<Lease>;
  /** The arguments of `git push` with that lease. */
  readonly git?: readonly string[];
  readonly operation?: Operation;
  readonly input?: object;
  readonly before?: (home: Home) => Promise<unknown> | void;
  readonly policy?: NonNullable<PolicyDocument["default"]>;
}

const refs = (...rules: RefRule[]) => ({ refs: rules });
const write = (path: string, content: string) => (home: Home) =>
  home.run(edit, { files: [{ path, content }] }).then(() => undefined);
const pushing = { operation: push, input: { message: "m" } };

const REFS: readonly Refusal[] = [
  {
    rule: "another ref than those of the operation",
    git: ["HEAD:refs/heads/other"],
    operation: push,
    input: { to: "other" },
  },
  {
    rule: "the default branch, which the call does not name",
    lease: refs({ ref: "refs/heads/*", may: "write", notDefault: true }),
    git: ["HEAD:refs/heads/main"],
    operation: push,
    input: { message: "m", to: "main" },
    before: write("new.txt", "new\n"),
  },
  {
    rule: "deleting a branch in a push",
    git: [`:${OWN}`],
    operation: branch,
    input: { name: "agent/a/own", delete: true },
    before: async (home) => {
      await home.run(branch, { name: "agent/a/own", create: true });
      await home.run(push, { to: "agent/a/own" });
      await home.run(branch, { name: "agent/a/b" });
    },
  },
  {
    rule: "moving a tag",
    lease: refs({ ref: "refs/tags/v1", may: "create" }),
    git: ["+HEAD:refs/tags/v1"],
    operation: tag,
    input: { name: "v1", ref: "HEAD", push: true },
    before: (home) => void home.git("tag", "-f", "v1", "HEAD"),
  },
  { rule: "options of a push", git: ["-o", "ci.skip", `HEAD:${OWN}`] },
  {
    rule: "an unsigned commit",
    git: [`HEAD:${OWN}`],
    ...pushing,
    before: write("new.txt", "new\n"),
  },
];

const LEASES: readonly Refusal[] = [
  { rule: "a lease for another repository", lease: { repository: "github.com/acme/app" }, git: [`HEAD:${OWN}`] },
  { rule: "an expired lease", lease: { expires_at: 1 }, git: [`HEAD:${OWN}`] },
  {
    rule: "a lease of an operation that does not push",
    lease: { services: ["git-upload-pack"] },
    git: [`HEAD:${OWN}`],
  },
];

const CONTENT: readonly Refusal[] = [
  { rule: "`paths`", ...pushing, before: write(".github/workflows/ci.yml", "on: push\n") },
  {
    rule: "`max_file_bytes`",
    ...pushing,
    policy: { max_file_bytes: 1000 },
    before: write("big.txt", "x".repeat(1001)),
  },
  {
    rule: "`max_push_bytes`",
    ...pushing,
    policy: { max_push_bytes: 1000 },
    before: write("big.txt", "x".repeat(1001)),
  },
  {
    rule: "`max_files`",
    ...pushing,
    policy: { max_files: 1 },
    before: (home) => home.run(edit, { files: ["a", "b"].map((path) => ({ path, content: "x\n" })) }),
  },
  { rule: "`secrets`", ...pushing, before: write("key.txt", `${glpat()}\n`) },
  {
    rule: "`secrets`, where no call may allow one",
    ...pushing,
    policy: { allow_secrets: false },
    before: write("key.txt", `${glpat()}\n`),
  },
  {
    rule: "`refs.default_branch: never`",
    ...pushing,
    input: { message: "m", to: "main" },
    policy: { refs: { default_branch: "never" } },
    before: write("a.txt", "a\n"),
  },
  {
    rule: "`refs.tags: false`",
    operation: tag,
    input: { name: "v9", push: true },
    policy: { refs: { tags: false } },
  },
  {
    rule: "`refs.delete_own: false`",
    operation: branch,
    input: { name: "agent/a/gone", delete: true },
    policy: { refs: { delete_own: false } },
    before: async (home) => {
      await home.run(branch, { name: "agent/a/gone", create: true });
      await home.run(push, { to: "agent/a/gone" });
      await home.run(branch, { name: "agent/a/b" });
    },
  },
];

test.each(REFS)("at the broker: $rule", async (refusal) => {
  const home = await prepared(refusal);
  const lease = await holder.lease("small", refusal.lease);
  page.push(`### ${sentence(refusal.rule)}`, ...(await gitSays(home, refusal, lease)));
  if (refusal.operation) {
    home.remote = { url: `${stack.git.url}/small.git`, via: holder.at("small"), authorization: `Bearer ${lease}` };
    page.push(...(await callerGets(home, refusal, refusal.operation)));
  } else page.push("No operation sends them.", "");
  home.remove();
});

test.each(LEASES)("with $rule", async (refusal) => {
  const home = await prepared(refusal);
  const said = await gitSays(home, refusal, await holder.lease("small", refusal.lease));
  page.push(`### ${sentence(refusal.rule)}`, ...said, "No operation gets such a lease.", "");
  home.remove();
});

test.each(CONTENT)("before a commit: $rule", async (refusal) => {
  const home = await prepared(refusal);
  if (refusal.operation === undefined) throw new Error("a rule for contents is one of an operation");
  page.push(`### ${sentence(refusal.rule)}`, ...(await callerGets(home, refusal, refusal.operation)));
  home.remove();
});

test("docs/refusals.md shows them all", async () => {
  await expect(
    `${[HEAD, ...page]
      .join("\n")
      .replaceAll(/\n{3,}/g, "\n\n")
      .trimEnd()}\n`,
  ).toMatchFileSnapshot("../../docs/refusals.md");
});

const HEAD = `# Refusals

Each rule for pushes, with the words of its refusal. A test makes this page from real refusals
(\`test/integration/refusals.test.ts\`; after a change of words, \`npm test -- test/integration/refusals.test.ts -u\`).

The rules for refs hold at the broker, so \`git push\` prints them, and the caller gets the same words. The rules for
contents ([policy.md](policy.md)) hold before a commit is made; then nothing is pushed.
`;

async function prepared({ before, policy }: Refusal): Promise<Home> {
  const home = new Home(`${stack.git.url}/small.git`);
  if (policy) home.policy = policyWith(policy);
  await home.run(clone, { agent_id: "a", task_id: "b" });
  await before?.(home);
  return home;
}

/** Pushes with plain git and the lease a commit that the remote lacks. @returns git's output as lines of the page */
async function gitSays(home: Home, { git = [] }: Refusal, lease: string): Promise<string[]> {
  const options = git.filter((word, at) => word.startsWith("-") || git[at - 1] === "-o");
  const refspecs = git.filter((word) => !options.includes(word));
  home.git("-c", "user.name=n", "-c", "user.email=e", "commit", "-q", "--allow-empty", "-m", "new");
  const { code, said } = await holder.git(lease, "-C", home.tree, "push", ...options, holder.at("small"), ...refspecs);
  home.git("reset", "-q", "--soft", "HEAD~1");
  expect([code, said]).toEqual([expect.toSatisfy((status: number) => status > 0), expect.stringMatching(/: .+/)]);
  const shown = ["git push", ...options, "origin", ...refspecs].join(" ");
  return [
    "",
    "```",
    `$ ${shown}`,
    ...plain(said)
      .split("\n")
      .filter((line) => !/^(?:To |error: failed)/.test(line)),
    "```",
    "",
  ];
}

async function callerGets(home: Home, { input = {} }: Refusal, operation: Operation): Promise<string[]> {
  const { code, message, rules } = await home.failure(operation, input);
  const told = { code, detail: message, ...(rules === undefined ? {} : { rules }) };
  return ["", `The caller of \`${operation.name}\`:`, "", "```json", plain(JSON.stringify(told, null, 2)), "```", ""];
}

/** Returns the text without addresses and ids, which differ each time. */
const plain = (text: string) =>
  text
    .trimEnd()
    .replaceAll(/ +$/gm, "")
    .replaceAll(holder.at("small"), "https://warmtree.example/broker/git.example/small.git")
    .replaceAll(stack.git.url, "https://git.example")
    .replaceAll(/\b[0-9a-f]{40}\b/g, "1234567890abcdef1234567890abcdef12345678")
    .replaceAll(/\b[0-9a-f]{7}\b/g, "1234567");

const sentence = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
