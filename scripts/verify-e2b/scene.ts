import { randomBytes } from "node:crypto";
import { withoutSlash } from "../../src/e2b/config.ts";
import type { E2bConfig } from "../../src/e2b/config.ts";
import { controlPlane } from "../../src/e2b/control.ts";
import type { ControlPlane } from "../../src/e2b/control.ts";
import { runProcess } from "../../src/e2b/process.ts";
import type { ProcessResult } from "../../src/e2b/process.ts";
import type { SandboxSession } from "../../src/e2b/schema.ts";
import { snapshotPlane } from "../../src/e2b/snapshots.ts";
import type { SnapshotPlane } from "../../src/e2b/snapshots.ts";
import { templatePlane } from "../../src/e2b/templates.ts";
import type { TemplatePlane } from "../../src/e2b/templates.ts";
import { wireOf } from "./answers.ts";
import type { Wire } from "./answers.ts";

/** The limits of a run's cost: the number of its sandboxes, and the seconds that each runs unless it is ended. */
export const MOST_SANDBOXES = 36;
export const SANDBOX_TIMEOUT_S = 300;
/** Metadata key of every sandbox of a run. */
const MARK = "warmtree_verify";
/** As long as a start may take. */
const CALL_TIMEOUT_MS = 75_000;
const COMMAND_TIMEOUT_MS = 20_000;

export interface Wanted {
  readonly template?: string;
  readonly timeoutS?: number;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly envs?: Record<string, string>;
  readonly autoPause?: boolean;
  readonly sealedTo?: string;
}

/** An account, and the resources that a run made in it. */
export class E2bScene {
  readonly plane: ControlPlane;
  readonly snapshots: SnapshotPlane;
  readonly templates: TemplatePlane;
  /** Identifies this run: part of every name that it makes. */
  readonly nonce = randomBytes(6).toString("hex");
  /** Every response with 429, to any request. */
  readonly refusals: { readonly retryAfter: string | null; readonly text: string }[] = [];
  readonly fetcher: typeof fetch;
  readonly config: E2bConfig;
  readonly template: string;
  /** Snapshots and templates to delete at the end. */
  readonly images = new Set<string>();
  /** Creations without an answer so far. */
  readonly #pending = new Set<Promise<SandboxSession>>();
  #made = 0;
  #hasEnded = false;
  #shared: SandboxSession | undefined;

  constructor(config: E2bConfig, template: string, fetcher: typeof fetch = fetch) {
    this.config = config;
    this.template = template;
    this.fetcher = async (request, init) => {
      // Node requires it for a stream as body; workerd, where Warmtree runs, does not.
      const half: object = init?.body instanceof ReadableStream ? { duplex: "half" } : {};
      const response = await fetcher(request, { ...init, ...half });
      if (response.status === 429) {
        this.refusals.push({ retryAfter: response.headers.get("retry-after"), text: await response.clone().text() });
      }
      return response;
    };
    this.plane = controlPlane(config, this.fetcher);
    this.snapshots = snapshotPlane(config, this.fetcher);
    this.templates = templatePlane(config, this.fetcher);
  }

  /** Metadata of every sandbox of the run. */
  get mark(): Record<string, string> {
    return { [MARK]: this.nonce };
  }

  /** Sends one request to the control plane, without retries. */
  async control(method: string, path: string, body?: object, key = this.config.apiKey): Promise<Wire> {
    const response = await this.fetcher(withoutSlash(this.config.apiUrl) + path, {
      method,
      headers: { "x-api-key": key, "user-agent": "warmtree", "content-type": "application/json" },
      body: body === undefined ? null : JSON.stringify(body),
      redirect: "manual",
      signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
    });
    return wireOf(response);
  }

  /** Counts a new sandbox. @throws Error if the run has ended, or would exceed its limit */
  count(): void {
    if (this.#hasEnded) throw new Error("the run has ended");
    if (++this.#made > MOST_SANDBOXES) throw new Error(`more than ${MOST_SANDBOXES} sandboxes were asked for`);
  }

  /** Opens a new sandbox. */
  async open(wanted: Wanted = {}): Promise<SandboxSession> {
    this.count();
    const {
      template = this.template,
      timeoutS = SANDBOX_TIMEOUT_S,
      metadata = {},
      envs,
      autoPause = false,
      sealedTo,
    } = wanted;
    const all = { ...metadata, ...this.mark };
    const making = this.plane.create({ template, timeoutS, metadata: all, autoPause, sealedTo, ...(envs && { envs }) });
    this.#pending.add(making);
    return making.finally(() => this.#pending.delete(making));
  }

  /** Runs `work` with a new sandbox, and ends the sandbox afterwards. */
  async within<T>(wanted: Wanted, work: (session: SandboxSession) => Promise<T>): Promise<T> {
    const session = await this.open(wanted);
    try {
      return await work(session);
    } finally {
      await this.plane.kill(session.sandboxId);
    }
  }

  /** Returns the sandbox of all checks that do not change it; opens it at the first call. */
  async shared(): Promise<SandboxSession> {
    return (this.#shared ??= await this.open());
  }

  /** Runs one bash line. */
  run(session: SandboxSession, line: string, timeoutMs = COMMAND_TIMEOUT_MS): Promise<ProcessResult> {
    const request = { cmd: "/bin/bash", args: ["-c", line], envs: {}, timeoutMs, maxOutputBytes: 1 << 20 };
    return runProcess(this.config, session, request, this.fetcher);
  }

  /** Returns the output of a bash line. @throws Error if it fails */
  async output(session: SandboxSession, line: string): Promise<string> {
    const { exitCode, stdout, stderr } = await this.run(session, line);
    if (exitCode !== 0) throw new Error(`exit code ${exitCode}: ${stderr}`);
    return new TextDecoder().decode(stdout).trim();
  }

  /** Ends and deletes all resources of the run. @returns the number of sandboxes that were left */
  async end(): Promise<number> {
    this.#hasEnded = true;
    this.#shared = undefined;
    await Promise.allSettled(this.#pending);
    const left = await this.plane.list({ metadata: this.mark, states: ["running", "paused"] });
    for (const { sandboxId } of left) await this.plane.kill(sandboxId);
    for (const image of this.images) {
      const isDeleted = await this.snapshots.delete(image).catch(() => false);
      if (isDeleted) this.images.delete(image);
    }
    return left.length;
  }
}
