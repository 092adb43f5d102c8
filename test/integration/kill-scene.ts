import { randomInt } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { Webhook } from "standardwebhooks";
import * as z from "zod/v4";
import { type Receiver, startReceiver } from "../support/receiver.ts";
import { type Stack, startStack } from "../../scripts/harness/stack.ts";
import { makeRepository } from "../../scripts/sample-remote/repositories.ts";
import { DEV_KEY } from "../../scripts/support/client.ts";
import { durableRunSchema, runStartedSchema } from "../../src/api/run-schemas.ts";
import { readEvents } from "../support/run-events.ts";
import { remoteGit } from "../support/worker.ts";

const HEADERS = { Authorization: `Bearer ${DEV_KEY}`, "Content-Type": "application/json" };
const PUSHES_A_RUN = 2;
/** Shorter than most events, so that streams are cut at every part of an event. */
const MAX_CUT_BYTES = 600;
/** Slows pushes down, so that kills meet them under way. */
const HOST_DELAY_MS = 150;
const MIN_APART_MS = 500;

type Run = z.output<typeof durableRunSchema>;

const finished = z.object({
  type: z.literal("run.finished"),
  data: z.object({ run: z.string(), ok: z.literal(true) }),
});

/** The events that a follower of one run has seen, and how often its stream was cut. */
interface Followed {
  readonly ids: number[];
  cuts: number;
}

/** Runs with pushes, followers that are cut off, and a Worker that is killed. */
export class KillScene {
  readonly stack: Stack;
  /** How often each run's end was reported, counted from verified requests alone. */
  readonly ends = new Map<string, number>();
  /** Requests that did not verify. */
  readonly forged: unknown[] = [];
  #receiver: Receiver | undefined;
  #up: Promise<void> = Promise.resolve();

  static async open(): Promise<KillScene> {
    const stack = await startStack({ bindings: { E2B_MAX_SANDBOXES: "100", MAX_OPERATIONS_PER_TENANT: "100" } });
    await makeRepository(stack.git.root, "kill", { files: 5, commits: 3 });
    stack.git.setFaults({ delayMs: HOST_DELAY_MS });
    const scene = new KillScene(stack);
    await scene.#receive();
    return scene;
  }

  private constructor(stack: Stack) {
    this.stack = stack;
  }

  /** Starts a receiver that verifies requests at once, and refuses every third, so that deliveries are retried. */
  async #receive(): Promise<void> {
    let webhook: Webhook | undefined;
    let asked = 0;
    this.#receiver = await startReceiver(({ body, headers }) => {
      try {
        const { data } = finished.parse(webhook?.verify(body, headers));
        this.ends.set(data.run, (this.ends.get(data.run) ?? 0) + 1);
      } catch (error) {
        this.forged.push(error);
      }
      return { status: ++asked % 3 === 0 ? 503 : 204 };
    });
    // The webhook has no events of its own: it gets those of runs that name it.
    const body = JSON.stringify({ url: this.#receiver.url, events: [] });
    const answer = await this.#ask("/v1/webhooks", { method: "POST", headers: HEADERS, body });
    webhook = new Webhook(z.object({ secret: z.string() }).parse(answer).secret);
  }

  /** Returns the steps of a run: every fifth run pushes to a branch shared with others, the rest to their own. */
  stepsOf(nth: number): object[] {
    const to = nth % 5 === 0 ? { to: "together" } : {};
    const pushes = Array.from({ length: PUSHES_A_RUN }, (_, push) => [
      { op: "edit", files: [{ path: `run-${nth}/${push}.txt`, content: `${nth} ${push}\n` }] },
      { op: "push", message: `run ${nth}, push ${push}`, ...to },
      { op: "log", ref: "HEAD", limit: 1 },
    ]);
    const repo_url = `${this.stack.git.url}/kill.git`;
    return [{ op: "clone", repo_url, agent_id: "kill", task_id: String(nth) }, ...pushes.flat(), { op: "status" }];
  }

  /** Returns the subjects that a run must have pushed. */
  subjectsOf = (nth: number): string[] => Array.from({ length: PUSHES_A_RUN }, (_, push) => `run ${nth}, push ${push}`);

  /** Starts a run; repeats the request with the same key while the Worker is killed. */
  async start(nth: number): Promise<string> {
    const headers = { ...HEADERS, "Idempotency-Key": `kill-${nth}` };
    const body = JSON.stringify({ async: true, steps: this.stepsOf(nth), webhook: this.#receiver?.url });
    const answer = await this.#ask(`/v1/run`, { method: "POST", headers, body });
    return runStartedSchema.parse(answer).url;
  }

  /** Waits for the end of a run. */
  async ended(url: string): Promise<Run> {
    for (;;) {
      const run = durableRunSchema.parse(await this.#ask(`${url}?wait=30`, { headers: HEADERS }));
      if (run.ended_at !== undefined) return run;
    }
  }

  /** Follows the events of a run to their end, over streams that are cut. */
  async follow(url: string): Promise<Followed> {
    const seen: Followed = { ids: [], cuts: 0 };
    for (;;) {
      const after = seen.ids.at(-1) ?? 0;
      try {
        const cutAfter = randomInt(1, MAX_CUT_BYTES);
        for await (const event of readEvents(`${this.stack.url}${url}/events`, { headers: HEADERS, after, cutAfter })) {
          seen.ids.push(event.id);
          if (event.type === "run" && ["done", "failed", "canceled"].includes(event.status)) return seen;
        }
      } catch {
        await this.#up;
      }
      seen.cuts++;
    }
  }

  /**
   * Kills the Worker, and with it its objects and Workflows.
   * @param maxApartMs most time between two kills
   */
  async kill(times: number, maxApartMs: number): Promise<void> {
    for (let nth = 0; nth < times; nth++) {
      // The first runs need a moment to start.
      await sleep(MIN_APART_MS + randomInt(maxApartMs));
      await this.stack.crashWorker();
      this.#up = this.stack.startWorker();
      await this.#up;
    }
  }

  /** Returns how often each subject is in the remote. */
  inRemote(): Map<string, number> {
    const found = new Map<string, number>();
    for (const subject of remoteGit(this.stack, "kill", "log", "--all", "--format=%s").split("\n")) {
      found.set(subject, (found.get(subject) ?? 0) + 1);
    }
    return found;
  }

  async #ask(path: string, init: RequestInit): Promise<unknown> {
    for (;;) {
      try {
        const answer = await fetch(`${this.stack.url}${path}`, init);
        const json: unknown = await answer.json();
        if (answer.ok) return json;
        const { retryable } = z.looseObject({ retryable: z.boolean() }).parse(json);
        if (!retryable) throw new Error(`${path} answered ${JSON.stringify(json)}`);
      } catch (error) {
        if (error instanceof Error && error.message.startsWith(path)) throw error;
        await this.#up;
      }
      await sleep(100);
    }
  }

  async close(): Promise<void> {
    await this.stack.close();
    await this.#receiver?.close();
  }
}
