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

/** Returns the default policy with other rules; the default branch is open. */
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

/** A home folder with real git in it: scripts run here as in a sandbox, without the sandbox. */
export class Home {
  readonly path = mkdtempSync(join(tmpdir(), "warmtree-ops-"));
  readonly tree = join(this.path, "repo");
  remote: Remote;
  /** Set as in a grant of a sandbox from a repository snapshot. */
  seedHead?: string;
  /** Set as the facade does if it got the refs in time. */
  remoteRefs?: RemoteRefs | undefined;
  /** Set as the facade does when it begins the fetch. */
  pack?: OperationContext["pack"];
  /** Set as by the operator. */
  agentBranchPrefix = CONTEXT.agentBranchPrefix;
  /** The LFS objects of the git host. */
  lfs?: OperationContext["lfs"];
  /** The service's signing. */
  signing?: OperationContext["signing"];
  /** Set as by the push queue. */
  push?: PushContext;
  /** Set as by a run or a client that sends a call again. */
  once?: string | undefined;
  /** Set as by the operator; tests of other subjects push to main. */
  policy = CONTEXT.policy;
  /** No caller ends an operation here when its time is over. */
  timeoutS = CONTEXT.timeoutS;
  /** Number of processes started so far; in a sandbox, each would be a request. */
  starts = 0;
  readonly #groups = new Set<number>();

  constructor(remoteUrl: string) {
    this.remote = { url: remoteUrl };
  }

  /** Runs plain git in the tree, as an outside observer. */
  git(...args: string[]): string {
    return git(this.tree, ...args);
  }

  /**
   * Runs a process here as the sandbox would. An abort kills this process alone: with SIGKILL, or by the reason
   * "SIGTERM".
   */
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

  /** Writes incoming bytes as a sandbox would: if they break off, the file does too. */
  async #receive(incoming: StreamedFile | undefined): Promise<void> {
    if (!incoming) return;
    const file = join(this.path, incoming.path);
    writeFileSync(file, "");
    try {
      for await (const part of incoming.bytes) appendFileSync(file, part);
    } catch {
      // The end that follows reports the failure.
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

  /** Runs a part of shell.ts alone. */
  async piece(script: string, env: Readonly<Record<string, string>> = {}): Promise<void> {
    const { timeoutS } = CONTEXT;
    const envs = { ...GIT_ENVIRONMENT, WT_NONCE: "n", WT_LOCK_WAIT_S: String(timeoutS), ...env };
    const limits = { timeoutMs: timeoutS * 1000, maxOutputBytes: 0 };
    const { exitCode, stderr } = await this.#start()({ cmd: "/bin/bash", args: ["-c", script], envs, ...limits });
    if (exitCode !== 0) throw new Error(`exit code ${exitCode}: ${stderr}`);
  }

  /** Returns a script's output before parsing. */
  async raw(operation: Operation, input: unknown, signal?: AbortSignal): Promise<ScriptOutput> {
    const asked = operation.input.parse(input);
    const context = this.#contextOf(operation);
    const plan = operation.plan(asked, context);
    this.#upload(plan);
    return runScript(operation, plan, context, this.#start(signal));
  }

  /** Runs an operation; sends it again with the remote if it asks for that, as `dispatch` does. */
  async answer<O extends z.ZodType<object>>(
    operation: Operation<z.ZodType, O>,
    input: object,
  ): Promise<Parsed<z.output<O>>> {
    const asked = operation.input.parse(this.#withHandle(operation, input));
    const parsed = await this.#perform(operation, asked, this.#contextOf(operation));
    if (parsed.ok || !parsed.needsRemote) return parsed;
    return this.#perform(operation, asked, { ...this.#context(), remote: this.remote });
  }

  /** Runs an operation. @returns its value; throws its failure */
  async run<O extends z.ZodType<object>>(operation: Operation<z.ZodType, O>, input: object = {}): Promise<z.output<O>> {
    const parsed = await this.answer(operation, input);
    if (!parsed.ok) throw parsed.error;
    // Every value that leaves the API must match the schema.
    return operation.output.parse(parsed.value);
  }

  /** Runs a task that callers cannot call. */
  async perform<Value extends object>(
    runnable: SandboxTask<unknown, Value>,
    signal?: AbortSignal,
    input?: unknown,
  ): Promise<Value> {
    const parsed = await this.#perform(runnable, input, this.#contextOf(runnable), signal);
    if (!parsed.ok) throw parsed.error;
    return parsed.value;
  }

  /** Runs an operation. @returns its failure; throws if it succeeds */
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

  /** Returns a copy in another folder, with another remote. Ends the processes that operations left running. */
  copy(remoteUrl = this.remote.url): Home {
    for (const group of this.#groups) endGroup(group);
    this.#groups.clear();
    const made = new Home(remoteUrl);
    copyFolder(this.path, made.path);
    replaceIn(join(made.tree, ".git/config"), this.remote.url, remoteUrl);
    // The index does not know that the copied files are unchanged.
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
    // Avoids two processes after each commit, which are useless in a short-lived repository.
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
 * A bare remote on the file system, and another author's working tree. They share their objects: a commit of the tree
 * is sent by a ref in the remote, which takes one process instead of a push's dozen.
 */
export class Seed {
  readonly path = mkdtempSync(join(tmpdir(), "warmtree-seed-"));
  readonly tree = join(this.path, "seed");
  readonly bare = join(this.path, "remote.git");

  /** @param format hash of the object names */
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

  /** Commits all changes in the tree, and sends them to a branch of the remote. @returns the commit */
  publish(message: string, branch = "main"): string {
    this.git("add", "-A");
    this.git("commit", "-qm", message);
    return this.send(branch);
  }

  /** Sets a branch of the remote to the tree's `commit`. @returns the commit */
  send(branch = "main", commit = "HEAD"): string {
    const sent = this.git("rev-parse", `${commit}^{commit}`);
    git(this.bare, "update-ref", `refs/heads/${branch}`, sent);
    return sent;
  }

  /** Resets the tree to the remote's branch; keeps uncommitted changes. */
  receive(branch = "main"): void {
    this.git("reset", "-q", "--keep", git(this.bare, "rev-parse", branch));
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** Returns a function that returns the same home each time: made by `make` first, and copied for every call. */
export function copiesOf(make: () => Home): () => Home {
  let first: Home | undefined;
  afterAll(() => first?.remove());
  return () => (first ??= make()).copy();
}

interface Cloned {
  readonly seed: Seed;
  readonly home: Home;
}

/** Does the same for a home that was cloned from a seed. */
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
 * Gives each test of the file, or of the describe block, a remote with the commits of `publish` and a workspace that
 * cloned it as `asked`; removes both after the test.
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
    // The group has no process left.
  }
}
