import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod/v4";
import { type LocalHost, startLocalHost } from "../../scripts/local-e2b/host.ts";
import { makeRepository } from "../../scripts/sample-remote/repositories.ts";
import { type GitServer, startGitServer } from "../../scripts/sample-remote/server.ts";
import { type E2bConfig, envdHeaders, envdUrl } from "../../src/e2b/config.ts";
import { DEFAULT_POLICY } from "../../src/policy/policy.ts";
import { controlPlane } from "../../src/e2b/control.ts";
import { E2bError } from "../../src/e2b/error.ts";
import { uploadFile } from "../../src/e2b/files.ts";
import { runProcess } from "../../src/e2b/process.ts";
import type { SandboxSession } from "../../src/e2b/schema.ts";
import type { Operation, SandboxTask } from "../../src/ops/operation.ts";
import type { Parsed } from "../../src/ops/output/script-output.ts";
import { OPERATIONS } from "../../src/ops/registry.ts";
import { runOperation } from "../../src/ops/run.ts";
import { sandboxFailure } from "../../src/execution/sandbox-failure.ts";
import { withWork } from "../../src/ops/work.ts";

/** A flock that also reports each git of another call that is still at work although the lock was free. */
const WATCHFUL_FLOCK = String.raw`#!/usr/bin/perl
system "/usr/bin/flock", @ARGV;
exit $? >> 8 if $?;
sub slurp { open my $in, "<:raw", $_[0] or return ""; local $/; my $text = <$in>; defined $text ? $text : "" }
open my $told, ">>", "$ENV{HOME}/told";
print $told "asked\n";
for my $name (glob "/proc/[0-9]*/environ") {
  my ($call) = slurp($name) =~ /(?:^|\0)WT_NONCE=([^\0]*)/ or next;
  next if $call eq $ENV{WT_NONCE};
  my $words = slurp($name =~ s/environ$/cmdline/r) =~ tr/\0/ /r;
  print $told "at work: $words\n" if $words =~ m{^(?:git|\S*/git\S*) };
}
`;

/** Lists the processes of operations, except those that settle a tree after one. */
const LEFT = String.raw`
for process in /proc/[0-9]*; do
  if grep -qz '^WT_LOOK=' $process/environ; then tr '\0\n' '  ' <$process/cmdline; echo; fi
done 2>/dev/null
:`;

const listed = z.object({ processes: z.array(z.object({ pid: z.number() })).default([]) });

/** A sandbox with a repository of 300 files at a remote; runs operations as the facade does. */
export class CutOffScene {
  readonly host: LocalHost;
  /** The name of a call that is sent again, as a run sets it. */
  once: string | undefined;
  readonly #git: GitServer;
  readonly #folder: string;
  readonly #config: E2bConfig;
  readonly #session: SandboxSession;

  private constructor(host: LocalHost, remote: GitServer, folder: string, config: E2bConfig, session: SandboxSession) {
    this.host = host;
    this.#git = remote;
    this.#folder = folder;
    this.#config = config;
    this.#session = session;
  }

  static async open(): Promise<CutOffScene> {
    const folder = mkdtempSync(join(tmpdir(), "warmtree-cut-off-"));
    const remote = await startGitServer({ root: folder, faults: { delayMs: 100 } });
    const host = await startLocalHost();
    const config = { apiKey: "local", apiUrl: host.url, sandboxUrl: host.url, domain: "e2b.app" };
    await makeRepository(folder, "one", { files: 300, commits: 5 });
    const envs = { PATH: "/home/user/bin:/usr/local/bin:/usr/bin:/bin" };
    const wanted = { template: "base", timeoutS: 3600, metadata: {}, envs, autoPause: false };
    const scene = new CutOffScene(host, remote, folder, config, await controlPlane(config).create(wanted));
    await uploadFile(config, scene.#session, "bin/flock", new TextEncoder().encode(WATCHFUL_FLOCK));
    await scene.shell("chmod +x bin/flock");
    return scene;
  }

  async close(): Promise<void> {
    await this.host.close();
    await this.#git.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async shell(script: string): Promise<string> {
    const request = { cmd: "/bin/bash", args: ["-c", script], envs: {}, timeoutMs: 60_000, maxOutputBytes: 1 << 20 };
    const { exitCode, stdout, stderr } = await runProcess(this.#config, this.#session, request);
    const text = new TextDecoder().decode(stdout).trim();
    if (exitCode !== 0) throw new Error(`exit code ${exitCode}: ${text} ${stderr}`);
    return text;
  }

  /** Returns the command lines of processes that operations have left. */
  left(): Promise<string> {
    return this.shell(LEFT);
  }

  /** Runs git at the remote. */
  atRemote(...args: string[]): string {
    return execFileSync("git", ["-C", join(this.#folder, "one.git"), ...args], { encoding: "utf8" }).trim();
  }

  /** Makes another author's commit on top of the default branch, without moving the branch. @returns its id */
  commit(message: string): string {
    const them = ["-c", "user.name=Them", "-c", "user.email=them@example.com"];
    return this.atRemote(...them, "commit-tree", "-p", "main", "-m", message, "main^{tree}");
  }

  /** Ends the running processes by E2B's own call. */
  async signal(signal: "SIGNAL_SIGKILL" | "SIGNAL_SIGTERM"): Promise<void> {
    const { processes } = listed.parse(await this.#call("List", {}));
    for (const { pid } of processes) await this.#call("SendSignal", { process: { pid }, signal });
  }

  async #call(method: string, body: object): Promise<unknown> {
    const headers = { ...envdHeaders(this.#session), "content-type": "application/json" };
    const url = `${envdUrl(this.#config, this.#session)}/process.Process/${method}`;
    return (await fetch(url, { method: "POST", headers, body: JSON.stringify(body) })).json();
  }

  /** Runs an operation. @returns the result that a caller would get */
  run(name: string, asked: object, timeoutMs?: number): Promise<Parsed<object>> {
    const operation: Operation | undefined = OPERATIONS.find((each) => each.name === name);
    if (!operation) throw new Error(`there is no operation ${name}`);
    const handle =
      name === "clone"
        ? { repo_url: `${this.#git.url}/one.git`, agent_id: "ada", task_id: "t" }
        : { sandbox_id: "s0-00000000000000000000" };
    return this.perform(operation, operation.input.parse({ ...handle, ...asked }), timeoutMs);
  }

  async perform<Value extends object>(
    operation: SandboxTask<unknown, Value>,
    input: unknown,
    timeoutMs = 60_000,
  ): Promise<Parsed<Value>> {
    const context = {
      author: { name: "Agent", email: "agent@example.com" },
      agentBranchPrefix: "agent",
      maxRetries: 0,
      timeoutS: timeoutMs / 1000,
      policy: DEFAULT_POLICY,
      ...(this.once === undefined ? {} : { once: this.once }),
      remote: operation.access === "remote" ? { url: `${this.#git.url}/one.git` } : undefined,
    };
    const sandbox = { e2b: this.#config, session: this.#session };
    try {
      return withWork(operation, await runOperation(sandbox, operation, input, context));
    } catch (error) {
      if (!(error instanceof E2bError)) throw error;
      return { ok: false, error: sandboxFailure(operation, error) };
    }
  }
}
