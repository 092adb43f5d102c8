import * as z from "zod/v4";
import type { Cut } from "./connect/stream.ts";
import type { FaultSettings, FaultSwitches } from "./fault-switches.ts";
import { ApiError } from "./http/reply.ts";

/** Body of PUT /_local/faults. */
export const faultsSchema: z.ZodType<FaultSettings> = z.strictObject({
  latencyMs: z.strictObject({ control: z.int().min(0).optional(), sandbox: z.int().min(0).optional() }).optional(),
  controlErrors: z
    .strictObject({
      count: z.int().min(0),
      status: z.union([z.literal(429), z.literal(500), z.literal(502), z.literal(503)]),
      retryAfterS: z.int().min(0).optional(),
    })
    .optional(),
  sandboxErrors: z
    .strictObject({
      count: z.int().min(0),
      status: z.union([z.literal(409), z.literal(429), z.literal(500), z.literal(502), z.literal(503)]).optional(),
      retryAfterS: z.int().min(0).optional(),
      route: z.string().min(1).optional(),
    })
    .optional(),
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
  hangCreates: z.strictObject({ count: z.int().min(0), when: z.enum(["before", "after"]) }).optional(),
  longestRunS: z.int().min(1).optional(),
  hangConnects: z.strictObject({ count: z.int().min(0) }).optional(),
});

interface ErrorOnDemand {
  readonly status: 409 | 429 | 500 | 502 | 503;
  readonly retryAfterS: number | undefined;
}

/** Returns the error response of a call that a switch makes fail. */
export function errorOnDemand({ status, retryAfterS }: ErrorOnDemand): ApiError {
  const headers = retryAfterS === undefined ? {} : { "Retry-After": String(retryAfterS) };
  return new ApiError(status, status === 429 ? "Rate limit exceeded" : "Fault on demand", headers);
}

/** The switches, and the faults that calls take from them. */
export class Faults implements FaultSwitches {
  #settings: FaultSettings = {};
  readonly #hanging = { creates: new Set<() => void>(), connects: new Set<() => void>() };

  get settings(): FaultSwitches["settings"] {
    const { creates, connects } = this.#hanging;
    return { ...this.#settings, hangingCreates: creates.size, hangingConnects: connects.size };
  }

  set(settings: FaultSettings): void {
    this.#settings = { ...this.#settings, ...settings };
  }

  reset(): void {
    this.#settings = {};
    this.release();
  }

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

  /** Waits for a release, or until the client has left. @returns false if the client has left */
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
