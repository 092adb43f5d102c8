import { execFileSync, spawn } from "node:child_process";
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach } from "vitest";
import type * as z from "zod/v4";
import type { ConflictHunk, ErrorCode, Work } from "../../src/errors.ts";
import { clone } from "../../src/ops/clone.ts";
import { GIT_ENVIRONMENT } from "../../src/ops/environment.ts";
import type { Operation, OperationContext, Plan, PushContext, SandboxTask } from "../../src/ops/operation.ts";
import { type Policy, type PolicyDocument, policyOf } from "../../src/policy/policy.ts";
import type { StreamedFile, Remote, RemoteRefs } from "../../src/remote/types.ts";
import type { Parsed, ScriptOutput } from "../../src/ops/output/script-output.ts";
import { runPlan, runScript, type Start } from "../../src/ops/run.ts";

/** The default rules with others; the default branch is open. */
export function policyWith(rules: NonNullable<PolicyDocument["default"]>): Policy {
  return policyOf({ default: { ...rules, refs: { default_branch: "open", ...rules.refs } } }, "", "");
}

const CONTEXT: OperationContext = {
  author: { name: "Agent", email: "agent@example.com" },
  agentBranchPrefix: "agent",
  maxRetries: 3,
  timeoutS: 30,
  policy: policyWith({}),
};

/** A home folder with real git in it: scripts run here exactly as in a sandbox, without the sandbox. */
export class Home {
  readonly path = mkdtempSync(join(tmpdir(), "warmtree-ops-"));
  readonly tree = join(this.path, "repo");
  remote: Remote;
  /** As a grant of a sandbox from a repository snapshot has it. */
  seedHead?: string;
  /** As the facade knows it when it was told in time. */
  remoteRefs?: RemoteRefs | undefined;
  /** As the facade begins to fetch it. */
  pack?: OperationContext["pack"];
  /** As the operator set it. */
  agentBranchPrefix = CONTEXT.agentBranchPrefix;
  /** As the git host has them. */
  lfs?: OperationContext["lfs"];
  /** As the service has it. */
  signing?: OperationContext["signing"];
  /** As the push queue has it. */
  push?: PushContext;
  /** As a run or a client has it that sends a call again. */
  once?: string | undefined;
  /** As the operator sets it; tests of other things push to main. */
  policy = CONTEXT.policy;
  /** Nobody ends an operation here when it is over. */
  timeoutS = CONTEXT.timeoutS;
  /** Processes started so far: what would be requests to a sandbox. */
  starts = 0;
  readonly #groups = new Set<number>();

  constructor(remoteUrl: string) {
    this.remote = { url: remoteUrl };
  }

  /** Plain git in the tree, as an outside observer. */
  git(...args: string[]): string {
    return git(this.tree, ...args);
  }

  /** Runs a process here as the sandbox would. Aborting kills it alone: with SIGKILL, or the reason "SIGTERM". */
  #start(signal?: AbortSignal): Start {
    return async ({ cmd, args, envs, hasStdin = false, takeStdout }, incoming) => {
      this.starts++;
      const env = { PATH: process.env["PATH"], ...envs, HOME: this.path };
      const child = spawn(cmd, args, { cwd: this.path, env, stdio: ["pipe", "pipe", "pipe"], detached: true });
      void this.#receive(incoming).then(() => (hasStdin && !incoming ? undefined : child.stdin.end()));
      if (child.pid !== undefined) this.#groups.add(child.pid);
      signal?.addEventListener("abort", () => {
        child.kill(signal.reason === "SIGTERM" ? "SIGTERM" : "SIGKILL");
        child.once("exit", () => [child.stdout, child.stderr].map((output) => output.destroy()));
      });
      const stdout: Buffer[] = [];
      let stderr = "";
      child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
      child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
      const exitCode = await new Promise<number>((resolve, reject) => {
        child.on("error", reject);
        child.on("close", (code) => resolve(code ?? -1));
      });
      const kept: Uint8Array[] = [];
      for (const chunk of stdout) kept.push(takeStdout ? await takeStdout(chunk) : chunk);
      return { exitCode, stdout: Buffer.concat(kept), stderr, truncated: false };
    };
  }

  /** As a sandbox would: where the bytes break off, so does the file. */
  async #receive(incoming: StreamedFile | undefined): Promise<void> {
    if (!incoming) return;
    const file = join(this.path, incoming.path);
    writeFileSync(file, "");
    try {
      for await (const part of incoming.bytes) appendFileSync(file, part);
    } catch {
      // Told by the end that follows.
    }
  }

  #context(): OperationContext {
    const { seedHead, remoteRefs, pack, lfs, push, once, signing, agentBranchPrefix, policy, timeoutS } = this;
    const given = { ...(lfs && { lfs }), ...(push && { push }), ...(once && { once }) };
    const known = { policy, timeoutS, ...(seedHead === undefined ? {} : { seedHead }), ...given };
    return { ...CONTEXT, agentBranchPrefix, remoteRefs, pack, signing, ...known };
  }

  #contextOf({ access }: SandboxTask): OperationContext {
    return { ...this.#context(), remote: access === "remote" ? this.remote : undefined };
  }

  #upload({ files = [] }: Plan): void {
    for (const { path, bytes } of files) writeFileSync(join(this.path, path), bytes);
  }

  #perform<Value extends object>(
    task: SandboxTask<unknown, Value>,
    input: unknown,
    context: OperationContext,
    signal?: AbortSignal,
  ): Promise<Parsed<Value>> {
    const plan = task.plan(input, context);
    this.#upload(plan);
    return runPlan(task, plan, input, context, this.#start(signal));
  }

  /** Runs a piece of shell.ts by itself. */
  async piece(script: string, env: Readonly<Record<string, string>> = {}): Promise<void> {
    const { timeoutS } = CONTEXT;
    const envs = { ...GIT_ENVIRONMENT, WT_NONCE: "n", WT_LOCK_WAIT_S: String(timeoutS), ...env };
    const limits = { timeoutMs: timeoutS * 1000, maxOutputBytes: 0 };
    const { exitCode, stderr } = await this.#start()({ cmd: "/bin/bash", args: ["-c", script], envs, ...limits });
    if (exitCode !== 0) throw new Error(`exit code ${exitCode}: ${stderr}`);
  }

  /** Script output before parsing. */
  async raw(operation: Operation, input: unknown, signal?: AbortSignal): Promise<ScriptOutput> {
    const asked = operation.input.parse(input);
    const context = this.#contextOf(operation);
    const plan = operation.plan(asked, context);
    this.#upload(plan);
    return runScript(operation, plan, context, this.#start(signal));
  }

  /** Sent again with the remote when it asks for that, as by `dispatch`. */
  async answer<O extends z.ZodType<object>>(
    operation: Operation<z.ZodType, O>,
    input: object,
  ): Promise<Parsed<z.output<O>>> {
    const asked = operation.input.parse(this.#withHandle(operation, input));
    const parsed = await this.#perform(operation, asked, this.#contextOf(operation));
    if (parsed.ok || !parsed.needsRemote) return parsed;
    return this.#perform(operation, asked, { ...this.#context(), remote: this.remote });
  }

  /** The value; a failure is thrown. */
  async run<O extends z.ZodType<object>>(operation: Operation<z.ZodType, O>, input: object = {}): Promise<z.output<O>> {
    const parsed = await this.answer(operation, input);
    if (!parsed.ok) throw parsed.error;
    // What leaves the API must be what the schema promises.
    return operation.output.parse(parsed.value);
  }

  /** What is no operation of callers. */
  async perform<Value extends object>(
    runnable: SandboxTask<unknown, Value>,
    signal?: AbortSignal,
    input?: unknown,
  ): Promise<Value> {
    const parsed = await this.#perform(runnable, input, this.#contextOf(runnable), signal);
    if (!parsed.ok) throw parsed.error;
    return parsed.value;
  }

  /** The failure; a success is thrown. */
  async failure(operation: Operation, input: object = {}) {
    const parsed = await this.answer(operation, input);
    if (parsed.ok) throw new Error(`${operation.name} went well: ${JSON.stringify(parsed.value)}`);
    const { code, message, details } = parsed.error;
    return { code, message, ...details } satisfies {
      code: ErrorCode;
      message: string;
      work?: Work;
      conflicts?: readonly ConflictHunk[];
    };
  }

  #withHandle(operation: Operation, input: object): object {
    return operation.name === "clone"
      ? { repo_url: "https://git.example/o/r", ...input }
      : { sandbox_id: "s0-00000000000000000000", ...input };
  }

  /** The same in a folder of its own, with another remote. What was left to run behind an operation ends. */
  copy(remoteUrl = this.remote.url): Home {
    for (const group of this.#groups) endGroup(group);
    this.#groups.clear();
    const made = new Home(remoteUrl);
    copyFolder(this.path, made.path);
    replaceIn(join(made.tree, ".git/config"), this.remote.url, remoteUrl);
    // Of files that were copied the index does not know that they are the same.
    git(made.tree, "update-index", "-q", "--refresh");
    return made;
  }

  remove(): void {
    // A tree may still be settling.
    rmSync(this.path, { recursive: true, force: true, maxRetries: 5 });
  }
}

export function git(cwd: string, ...args: string[]): string {
  const env = {
    PATH: process.env["PATH"],
    HOME: cwd,
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_NO_LAZY_FETCH: "1",
    // Two processes after each commit, of no use to what lives for a second.
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: "maintenance.auto",
    GIT_CONFIG_VALUE_0: "false",
    GIT_AUTHOR_NAME: "Tester",
    GIT_AUTHOR_EMAIL: "tester@example.com",
    GIT_COMMITTER_NAME: "Tester",
    GIT_COMMITTER_EMAIL: "tester@example.com",
  };
  return execFileSync("git", args, { cwd, env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trimEnd();
}

/**
 * A bare remote on the file system, and a working tree of somebody else. They share their objects: what is committed in
 * the tree is sent by naming it in the remote, which takes one process where a push takes a dozen.
 */
export class Seed {
  readonly path = mkdtempSync(join(tmpdir(), "warmtree-seed-"));
  readonly tree = join(this.path, "seed");
  readonly bare = join(this.path, "remote.git");

  /** @param format of the objects' names */
  constructor(from?: Seed, format = "sha1") {
    if (from) {
      copyFolder(from.path, this.path);
      replaceIn(join(this.tree, ".git/config"), from.path, this.path);
      return;
    }
    git(this.path, "init", "-q", "--template=", `--object-format=${format}`, "--bare", "-b", "main", "remote.git");
    git(this.path, "init", "-q", "--template=", `--object-format=${format}`, "-b", "main", "seed");
    rmSync(join(this.tree, ".git/objects"), { recursive: true });
    symlinkSync("../../remote.git/objects", join(this.tree, ".git/objects"));
    git(this.tree, "remote", "add", "origin", this.bare);
  }

  git(...args: string[]): string {
    return git(this.tree, ...args);
  }

  /** Commits all that is in the tree and sends it to a branch of the remote. @returns the commit */
  publish(message: string, branch = "main"): string {
    this.git("add", "-A");
    this.git("commit", "-qm", message);
    return this.send(branch);
  }

  /** A branch of the remote is from now on what `commit` of the tree is. @returns the commit */
  send(branch = "main", commit = "HEAD"): string {
    const sent = this.git("rev-parse", `${commit}^{commit}`);
    git(this.bare, "update-ref", `refs/heads/${branch}`, sent);
    return sent;
  }

  /** Goes to what the remote's branch is now; what is not committed stays. */
  receive(branch = "main"): void {
    this.git("reset", "-q", "--keep", git(this.bare, "rev-parse", branch));
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** Makes the same home again and again: the first time as `make` does, and then by copying that. */
export function copiesOf(make: () => Home): () => Home {
  let first: Home | undefined;
  afterAll(() => first?.remove());
  return () => (first ??= make()).copy();
}

interface Cloned {
  readonly seed: Seed;
  readonly home: Home;
}

/** The same for a home that was cloned from a seed. */
export function clonesOf(make: () => Promise<Cloned>): () => Promise<Cloned> {
  let first: Promise<Cloned> | undefined;
  afterAll(async () => {
    const made = await first;
    made?.home.remove();
    made?.seed.remove();
  });
  return async () => {
    const made = await (first ??= make());
    const seed = new Seed(made.seed);
    return { seed, home: made.home.copy(`file://${seed.bare}`) };
  };
}

/**
 * For each test of the file, or of the describe block, a remote with what `publish` commits and a workspace that cloned it as
 * `asked`; both are gone after it.
 */
export function cloneForEach(publish: (origin: Seed) => void, asked: object, take: (made: Cloned) => void): void {
  const begin = clonesOf(async () => {
    const seed = new Seed();
    publish(seed);
    const home = new Home(`file://${seed.bare}`);
    await home.run(clone, asked);
    return { seed, home };
  });
  let made: Cloned | undefined;
  beforeEach(async () => {
    made = await begin();
    take(made);
  });
  afterEach(() => {
    made?.home.remove();
    made?.seed.remove();
  });
}

function copyFolder(from: string, to: string): void {
  cpSync(from, to, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
}

function replaceIn(file: string, from: string, to: string): void {
  writeFileSync(file, readFileSync(file, "utf8").replaceAll(from, to));
}

function endGroup(group: number): void {
  try {
    process.kill(-group, "SIGKILL");
  } catch {
    // Nobody of it is left.
  }
}
