import { SANDBOX_ID } from "./config.ts";
import type { E2bConfig } from "./config.ts";
import { E2bError } from "./error.ts";
import { exchange, readJson } from "./exchange.ts";
import type { Call } from "./exchange.ts";
import { withRetries } from "./retry.ts";
import { sandboxDetail, sandboxList, session } from "./schema.ts";
import type { ListedSandbox, SandboxDetail, SandboxSession } from "./schema.ts";

interface CreateRequest {
  /** Template id, alias or snapshot id. */
  template: string;
  timeoutS: number;
  metadata: Record<string, string>;
  envs?: Record<string, string>;
  /** Pause at the end of the timeout instead of killing. */
  autoPause: boolean;
}

/** E2B's control plane, as far as Warmtree uses it. Every method throws E2bError. */
export interface ControlPlane {
  /** Not idempotent: retried only when the refusal proves that no sandbox was made. */
  create(request: CreateRequest): Promise<SandboxSession>;
  /** Resumes a paused sandbox, with `timeoutS` from now; a running one only has its end moved later. */
  connect(sandboxId: string, timeoutS: number): Promise<SandboxSession>;
  /** Wakes and extends nothing. */
  get(sandboxId: string): Promise<SandboxDetail>;
  /** All pages: the sandboxes that carry all of `metadata` and are in one of `states`, latest first. */
  list(query: { metadata: Record<string, string>; states: ("running" | "paused")[] }): Promise<ListedSandbox[]>;
  /** Counts from now and may shorten. A sandbox that is paused answers not_found. */
  setTimeout(sandboxId: string, timeoutS: number): Promise<void>;
  /** False when it was gone already. Works on a paused one too. */
  kill(sandboxId: string): Promise<boolean>;
  pause(sandboxId: string): Promise<"paused" | "already_paused">;
}

/** How long a call may take: one try, and all tries with the waits between them. */
interface Patience {
  timeoutMs: number;
  deadlineMs: number;
}

/** E2B gives a start, resume or pause up at 70 s; leaving before its answer would leave a sandbox that nobody knows. */
const SLOW: Patience = { timeoutMs: 75_000, deadlineMs: 90_000 };
const QUICK: Patience = { timeoutMs: 15_000, deadlineMs: 45_000 };

const PAGE_SIZE = 100;
/** 20,000 sandboxes, many times what any plan allows at once: beyond it E2B's cursor runs in a circle. */
const MAX_PAGES = 200;

/** Binds the control plane to an account. Calls are made with `fetcher`, one at a time each. */
export function controlPlane(config: E2bConfig, fetcher: typeof fetch = fetch): ControlPlane {
  const headers = { "x-api-key": config.apiKey, "user-agent": "warmtree", "content-type": "application/json" };

  async function call<T>(
    what: string,
    method: Call["method"],
    path: string,
    body: object | undefined,
    limits: Patience & { idempotent: boolean },
    read: (response: Response) => Promise<T>,
  ): Promise<T> {
    return withRetries((remainingMs) => {
      const timeoutMs = Math.min(limits.timeoutMs, remainingMs);
      const request = { what, method, url: config.apiUrl + path, headers, timeoutMs };
      return exchange(fetcher, body === undefined ? request : { ...request, body: JSON.stringify(body) }, read);
    }, limits);
  }
  return { } as any
}
