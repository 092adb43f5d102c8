import * as z from "zod/v4";
import type { Cut } from "./connect/stream.ts";
import { ApiError } from "./http/reply.ts";

/** The switches, as PUT /_local/faults takes them. Each call replaces the switches it names and leaves the others. */
export const faultsSchema = z.strictObject({
  /** Added before the answer, in milliseconds. */
  latencyMs: z.strictObject({ control: z.int().min(0).optional(), sandbox: z.int().min(0).optional() }).optional(),
  /** The next `count` control plane calls fail with this status. */
  controlErrors: z
    .strictObject({
      count: z.int().min(0),
      status: z.union([z.literal(429), z.literal(500), z.literal(502), z.literal(503)]),
      retryAfterS: z.int().min(0).optional(),
    })
    .optional(),
  /** The next `count` requests to a sandbox, or to one route of it, fail with this status, or without one are reset unanswered. */
  sandboxErrors: z
    .strictObject({
      count: z.int().min(0),
      status: z.union([z.literal(409), z.literal(429), z.literal(500), z.literal(502), z.literal(503)]).optional(),
      retryAfterS: z.int().min(0).optional(),
      /** As the counters name it. */
      route: z.string().min(1).optional(),
    })
    .optional(),
  /** The next `count` process streams break after so many events, or so many bytes. */
  cutStreams: z
    .strictObject({
      count: z.int().min(0),
      afterEvents: z.int().min(0).optional(),
      afterBytes: z.int().min(0).optional(),
    })
    .refine((cut) => cut.count === 0 || cut.afterEvents !== undefined || cut.afterBytes !== undefined, {
      error: "say afterEvents or afterBytes",
    })
    .optional(),
  /** The next `count` creations wait for a release: before there is a sandbox, or after, with the answer held back. */
  hangCreates: z.strictObject({ count: z.int().min(0), when: z.enum(["before", "after"]) }).optional(),
  /** Seconds that a run lasts at most, whatever was asked for; E2B cuts a new timeout there and answers as always. */
  longestRunS: z.int().min(1).optional(),
  /** The next `count` connects wait for a release before anything is resumed. */
  hangConnects: z.strictObject({ count: z.int().min(0) }).optional(),
});

export type FaultSettings = z.output<typeof faultsSchema>;

interface ErrorOnDemand {
  readonly status: 409 | 429 | 500 | 502 | 503;
  readonly retryAfterS: number | undefined;
}

/** What a call that a switch lets fail is answered. */
export function errorOnDemand({ status, retryAfterS }: ErrorOnDemand): ApiError {
  const headers = retryAfterS === undefined ? {} : { "Retry-After": String(retryAfterS) };
  return new ApiError(status, status === 429 ? "Rate limit exceeded" : "Fault on demand", headers);
}

/** Faults on demand, for tests of clients. */
export class Faults {
  #settings: FaultSettings = {};
  readonly #hanging = { creates: new Set<() => void>(), connects: new Set<() => void>() };

  get settings(): FaultSettings & { readonly hangingCreates: number; readonly hangingConnects: number } {
    const { creates, connects } = this.#hanging;
    return { ...this.#settings, hangingCreates: creates.size, hangingConnects: connects.size };
  }

  set(settings: FaultSettings): void {
    this.#settings = { ...this.#settings, ...settings };
  }

  /** Switches everything off and lets go of what hangs. */
  reset(): void {
    this.#settings = {};
    this.release();
  }

  /** Lets go of what hangs. */
  release(): void {
    for (const hanging of Object.values(this.#hanging)) {
      for (const release of hanging) release();
      hanging.clear();
    }
  }

  async delay(plane: "control" | "sandbox"): Promise<void> {
    const ms = this.#settings.latencyMs?.[plane] ?? 0;
    if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
  }

  takeControlError(): ErrorOnDemand | undefined {
    const { controlErrors } = this.#settings;
    if (controlErrors === undefined || controlErrors.count === 0) return undefined;
    this.#settings = { ...this.#settings, controlErrors: { ...controlErrors, count: controlErrors.count - 1 } };
    return { status: controlErrors.status, retryAfterS: controlErrors.retryAfterS };
  }

  takeSandboxError(route: string): ErrorOnDemand | "reset" | undefined {
    const { sandboxErrors } = this.#settings;
    if (sandboxErrors === undefined || sandboxErrors.count === 0) return undefined;
    if (sandboxErrors.route !== undefined && sandboxErrors.route !== route) return undefined;
    this.#settings = { ...this.#settings, sandboxErrors: { ...sandboxErrors, count: sandboxErrors.count - 1 } };
    const { status, retryAfterS } = sandboxErrors;
    return status === undefined ? "reset" : { status, retryAfterS };
  }

  takeCut(): Cut | undefined {
    const { cutStreams } = this.#settings;
    if (cutStreams === undefined || cutStreams.count === 0) return undefined;
    this.#settings = { ...this.#settings, cutStreams: { ...cutStreams, count: cutStreams.count - 1 } };
    return { afterEvents: cutStreams.afterEvents, afterBytes: cutStreams.afterBytes };
  }

  takeHang(): "before" | "after" | undefined {
    const { hangCreates } = this.#settings;
    if (hangCreates === undefined || hangCreates.count === 0) return undefined;
    this.#settings = { ...this.#settings, hangCreates: { ...hangCreates, count: hangCreates.count - 1 } };
    return hangCreates.when;
  }

  takeConnectHang(): boolean {
    const { hangConnects } = this.#settings;
    if (hangConnects === undefined || hangConnects.count === 0) return false;
    this.#settings = { ...this.#settings, hangConnects: { count: hangConnects.count - 1 } };
    return true;
  }

  /** Waits for a release, or until the client has left. @returns false when it has left */
  async hang(what: "creates" | "connects", left: AbortSignal): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#hanging[what].add(resolve);
    if (left.aborted) resolve();
    left.addEventListener("abort", () => resolve(), { once: true });
    await promise;
    this.#hanging[what].delete(resolve);
    return !left.aborted;
  }
}
