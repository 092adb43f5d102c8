import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const TIMEOUT_MS = 60_000;

/** Accesses a repository at its host with plain git, to verify Warmtree's answers. */
export class Remote {
  readonly url: string;
  readonly #folder: string;
  readonly #token: string | undefined;

  private constructor(url: string, folder: string, token: string | undefined) {
    this.url = url;
    this.#folder = folder;
    this.#token = token;
  }

  static async open(url: string, token?: string): Promise<Remote> {
    const remote = new Remote(url, await mkdtemp(join(tmpdir(), "warmtree-verify-")), token);
    await remote.#git("init", "--quiet", "--bare", ".");
    return remote;
  }

  close(): Promise<void> {
    return rm(this.#folder, { recursive: true, force: true });
  }

  /** Returns the commits of the branches whose names contain this text, by branch name. */
  async branches(text: string): Promise<Map<string, string>> {
    const lines = (await this.#git("ls-remote", "--heads", this.url)).split("\n").filter((line) => line !== "");
    const all = lines.map((line): [string, string] => {
      const [commit = "", ref = ""] = line.split("\t");
      return [ref.replace("refs/heads/", ""), commit];
    });
    return new Map(all.filter(([name]) => name.includes(text)));
  }

  /** Returns the subjects of a branch's newest commits, and the paths of all its files. */
  async content(branch: string, commits: number): Promise<{ subjects: string[]; files: string[] }> {
    await this.#git("fetch", "--quiet", "--no-tags", `--depth=${commits + 1}`, this.url, `refs/heads/${branch}`);
    const subjects = await this.#git("log", "--format=%s", "-n", String(commits), "FETCH_HEAD");
    const files = await this.#git("ls-tree", "-r", "-z", "--name-only", "FETCH_HEAD");
    return { subjects: subjects.split("\n"), files: files.split("\0") };
  }

  /** Deletes the branches whose names contain this text. @returns the number of those left */
  async deleteBranches(text: string): Promise<number> {
    const names = [...(await this.branches(text)).keys()];
    if (names.length === 0) return 0;
    await this.#git("push", "--quiet", this.url, ...names.map((name) => `:refs/heads/${name}`));
    return (await this.branches(text)).size;
  }

  async #git(...args: string[]): Promise<string> {
    const env = {
      PATH: process.env.PATH,
      HOME: this.#folder,
      GIT_TERMINAL_PROMPT: "0",
      GIT_CONFIG_NOSYSTEM: "1",
      ...this.#credential(),
    };
    try {
      return (await promisify(execFile)("git", args, { cwd: this.#folder, env, timeout: TIMEOUT_MS })).stdout.trimEnd();
    } catch (error) {
      const [line = ""] = (error instanceof Error ? error.message : String(error)).split("\n").slice(1);
      throw new Error(`plain git ${args[0]} failed: ${line}`, { cause: error });
    }
  }

  /** Passes the credential in the environment, which other users of the machine cannot read. */
  #credential(): Record<string, string> {
    if (this.#token === undefined) return {};
    const basic = Buffer.from(`x-access-token:${this.#token}`).toString("base64");
    return {
      GIT_CONFIG_COUNT: "1",
      GIT_CONFIG_KEY_0: `http.${new URL(this.url).origin}/.extraHeader`,
      GIT_CONFIG_VALUE_0: `Authorization: Basic ${basic}`,
    };
  }
}
