import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeRepository } from "../../scripts/sample-remote/repositories.ts";
import { type Stack, startStack } from "../../scripts/harness/stack.ts";
import { type Random, seeded, uniformInt } from "../../scripts/simulate/random.ts";
import { newSigningKey } from "../../scripts/support/api-key.ts";
import { callOperation } from "../../scripts/support/client.ts";
import { bytesOf } from "../../src/signing/payload.ts";
import { signerOf } from "../../src/signing/signer.ts";
import { signedId } from "../../src/signing/signed-object.ts";
import { HAS_SSH_KEYGEN } from "../support/ssh-keygen.ts";
import { call, remoteGit } from "../support/worker.ts";

const AGENTS = 8;
const MAKER = { name: "Warmtree", email: "agent@warmtree.invalid" };
/** The branch that all agents push to, so that commits are moved. */
const SHARED = "agent/all/shared";

/** Counts of pushes and commits. */
export interface SignedPushes {
  readonly pushes: number;
  readonly shapes: Readonly<Record<string, number>>;
  /** Commits at the remote that the service made, and those of other authors. */
  readonly own: number;
  readonly others: number;
  readonly unsigned: readonly string[];
  /** Number of own commits that ssh-keygen verifies; undefined if it is not installed. */
  readonly good: number | undefined;
}

/** Runs agents side by side, each with commits of random shape, until that many pushes have been made. */
export async function pushSigned(pushes: number, seed: number): Promise<SignedPushes> {
  const { key, publicKey } = await newSigningKey();
  const stack = await startStack({ bindings: { SIGNING_KEY: key } });
  try {
    await makeRepository(stack.git.root, "signed", { files: 20, commits: 5 });
    const shapes: Record<string, number> = {};
    let left = pushes;
    const take = () => left-- > 0;
    await Promise.all(
      Array.from({ length: AGENTS }, (_, agent) => new Agent(stack, agent, seeded(seed + agent), shapes).work(take)),
    );
    return { pushes, shapes, ...(await counted(stack, key, publicKey)) };
  } finally {
    await stack.close();
  }
}

type Shape = (agent: Agent) => Promise<void>;

class Agent {
  readonly #stack: Stack;
  readonly #name: string;
  readonly #random: Random;
  readonly #shapes: Record<string, number>;
  #sandboxId = "";
  #made = 0;

  constructor(stack: Stack, agent: number, random: Random, shapes: Record<string, number>) {
    this.#stack = stack;
    this.#name = `a${agent}`;
    this.#random = random;
    this.#shapes = shapes;
  }

  async work(take: () => boolean): Promise<void> {
    const who = { agent_id: "signed", task_id: this.#name };
    const { sandbox_id } = await call(this.#stack, "clone", { repo_url: `${this.#stack.git.url}/signed.git`, ...who });
    this.#sandboxId = sandbox_id;
    while (take()) {
      const shapes = Object.entries(SHAPES);
      const [name, shape] = shapes[uniformInt(this.#random, 0, shapes.length - 1)] ?? ["text", text];
      await shape(this);
      this.#shapes[name] = (this.#shapes[name] ?? 0) + 1;
    }
  }

  call(operation: string, body: object = {}) {
    return call(this.#stack, operation, { sandbox_id: this.#sandboxId, ...body });
  }

  /** Calls an operation that may be refused. */
  attempt(operation: string, body: object) {
    return callOperation(this.#stack.url, operation, { sandbox_id: this.#sandboxId, ...body });
  }

  /** Returns a new path of this agent. */
  path(): string {
    return `${this.#name}/${(this.#made += 1)}`;
  }

  edit(...files: object[]) {
    return this.call("edit", { files });
  }

  push(body: object = {}) {
    return this.call("push", {
      message: `${this.#name} ${this.#made}\n\n${"#".repeat(uniformInt(this.#random, 0, 300))}`,
      ...body,
    });
  }
}

const text: Shape = async (agent) => {
  await agent.edit({ path: agent.path(), content: "text\n" }, { path: `${agent.path()}.txt`, content: "é\n" });
  await agent.push();
};

const SHAPES: Readonly<Record<string, Shape>> = {
  text,
  executable: async (agent) => {
    await agent.edit({ path: agent.path(), content: "#!/bin/sh\n", executable: true });
    await agent.push();
  },
  symlink: async (agent) => {
    await agent.edit({ path: agent.path(), link: "README.md" });
    await agent.push();
  },
  amended: async (agent) => {
    await agent.edit({ path: agent.path(), content: "first\n" });
    await agent.push();
    await agent.edit({ path: agent.path(), content: "more\n" });
    await agent.push({ amend: true });
  },
  replayed: async (agent) => {
    await agent.edit({ path: agent.path(), content: "shared\n" });
    await agent.push({ to: SHARED });
  },
  merge: async (agent) => {
    await agent.edit({ path: agent.path(), content: "side\n" });
    await agent.push();
    const { status } = await agent.attempt("pull", { from: SHARED, rebase: false });
    if (status !== 200 && status !== 404) throw new Error(`a pull of the shared branch answered ${status}`);
    await agent.push();
  },
  reverted: async (agent) => {
    const path = agent.path();
    await agent.edit({ path, content: "to be reverted\n" });
    const { commit } = await agent.push();
    await agent.call("apply", { commits: [String(commit)], revert: true });
    await agent.push();
  },
};

async function counted(stack: Stack, key: string, publicKey: string) {
  const signer = await signerOf(bytesOf(atob(key)));
  const root = join(stack.git.root, "signed.git");
  const lines = remoteGit(stack, "signed", "log", "--all", "--format=%H %ce").split("\n");
  const made = lines.filter((line) => line.endsWith(` ${MAKER.email}`)).map((line) => line.slice(0, 40));
  const unsigned: string[] = [];
  for (const id of made) {
    const object = execFileSync("git", ["-C", root, "cat-file", "commit", id]);
    if ((await signedId(object, 40, [signer], MAKER)) !== id) unsigned.push(id);
  }
  writeFileSync(join(root, "signers"), `* ${publicKey}\n`);
  const own = ["-c", `gpg.ssh.allowedSignersFile=${join(root, "signers")}`];
  const verdicts = git(root, ...own, "log", "--all", "--format=%G? %ce").split("\n");
  const good = verdicts.filter((line) => line === `G ${MAKER.email}`).length;
  return { own: made.length, others: lines.length - made.length, unsigned, good: HAS_SSH_KEYGEN ? good : undefined };
}

const git = (root: string, ...args: string[]) =>
  execFileSync("git", ["-C", root, ...args], { encoding: "utf8", stdio: ["pipe", "pipe", "pipe"] }).trim();
