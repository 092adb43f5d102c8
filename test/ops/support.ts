import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type * as z from "zod/v4";
import type { ConflictHunk, ErrorCode, Work } from "../../src/errors.ts";
import { GIT_ENVIRONMENT } from "../../src/ops/environment.ts";
import type { Operation, OperationContext, Parsed, Remote, Runnable, ScriptOutput } from "../../src/ops/operation.ts";
import { perform, runScript, type Start } from "../../src/ops/run.ts";

const CONTEXT: OperationContext = {
  author: { name: "Agent", email: "agent@example.com" },
  maxRetries: 3,
  timeoutS: 30,
};

/** A home folder with real git in it: scripts run here exactly as in a sandbox, without the sandbox. */
export class Home {
  readonly path = mkdtempSync(join(tmpdir(), "warmtree-ops-"));
  readonly tree = join(this.path, "repo");
  remote: Remote;
  /** As a grant of a sandbox from a repository snapshot has it. */
  seedHead?: string;
  /** Processes started so far: what would be requests to a sandbox. */
  starts = 0;

  constructor(remoteUrl: string) {
    this.remote = { url: remoteUrl };
  }

  /** Plain git in the tree, as an outside observer. */
  git(...args: string[]): string {
    return git(this.tree, ...args);
  }

  /** Runs a process here as the sandbox would. Aborting kills it and all it started: with SIGKILL, or the reason "SIGTERM". */
  #start(signal?: AbortSignal): Start {
    return async ({ cmd, args, envs }) => {
      this.starts++;
      const env = { PATH: process.env["PATH"], ...envs, HOME: this.path };
      const child = spawn(cmd, args, { cwd: this.path, env, stdio: ["ignore", "pipe", "pipe"], detached: true });
      const killed = () => (signal?.reason === "SIGTERM" ? "SIGTERM" : "SIGKILL");
      signal?.addEventListener("abort", () => child.pid !== undefined && process.kill(-child.pid, killed()));
      const stdout: Buffer[] = [];
      let stderr = "";
      child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
      child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
      const exitCode = await new Promise<number>((resolve, reject) => {
        child.on("error", reject);
        child.on("close", (code) => resolve(code ?? -1));
      });
      return { exitCode, stdout: Buffer.concat(stdout), stderr, truncated: false };
    };
  }

  #context(): OperationContext {
    return { ...CONTEXT, ...(this.seedHead === undefined ? {} : { seedHead: this.seedHead }) };
  }

  #remote({ access }: Runnable): Remote | undefined {
    return access === "remote" ? this.remote : undefined;
  }

  #upload(operation: Runnable, asked: unknown): void {
    for (const { path, bytes } of operation.uploads?.(asked) ?? []) writeFileSync(join(this.path, path), bytes);
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
    this.#upload(operation, asked);
    return runScript(operation, asked, this.#context(), this.#remote(operation), this.#start(signal));
  }

  /** Sent again with the remote when it asks for that, as by `attempt`. */
  async #answer<O extends z.ZodType<object>>(
    operation: Operation<z.ZodType, O>,
    input: object,
  ): Promise<Parsed<z.output<O>>> {
    const asked = operation.input.parse(this.#withHandle(operation, input));
    this.#upload(operation, asked);
    const parsed = await perform(operation, asked, this.#context(), this.#remote(operation), this.#start());
    if (parsed.ok || !parsed.needsRemote) return parsed;
    return perform(operation, asked, this.#context(), this.remote, this.#start());
  }

  /** The value; a failure is thrown. */
  async run<O extends z.ZodType<object>>(operation: Operation<z.ZodType, O>, input: object = {}): Promise<z.output<O>> {
    const parsed = await this.#answer(operation, input);
    if (!parsed.ok) throw parsed.error;
    // What leaves the API must be what the schema promises.
    return operation.output.parse(parsed.value);
  }

  /** What is no operation of callers. */
  async perform<Value extends object>(runnable: Runnable<undefined, Value>, signal?: AbortSignal): Promise<Value> {
    const remote = this.#remote(runnable);
    const parsed = await perform(runnable, undefined, this.#context(), remote, this.#start(signal));
    if (!parsed.ok) throw parsed.error;
    return parsed.value;
  }

  /** The failure; a success is thrown. */
  async failure(operation: Operation, input: object = {}) {
    const parsed = await this.#answer(operation, input);
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
    GIT_AUTHOR_NAME: "Tester",
    GIT_AUTHOR_EMAIL: "tester@example.com",
    GIT_COMMITTER_NAME: "Tester",
    GIT_COMMITTER_EMAIL: "tester@example.com",
  };
  return execFileSync("git", args, { cwd, env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trimEnd();
}

/** A seed working tree with its bare remote, on the file system. */
export class Seed {
  readonly path = mkdtempSync(join(tmpdir(), "warmtree-seed-"));
  readonly tree = join(this.path, "seed");
  readonly bare = join(this.path, "remote.git");

  constructor() {
    mkdirSync(this.bare);
    git(this.bare, "init", "-q", "--bare", "-b", "main", ".");
    mkdirSync(this.tree);
    git(this.tree, "init", "-q", "-b", "main", ".");
    git(this.tree, "remote", "add", "origin", this.bare);
  }

  git(...args: string[]): string {
    return git(this.tree, ...args);
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
