import type { Config } from "../config.ts";
import type { Source } from "../pool/sources.ts";
import type { GitTokens } from "../remote/credentials.ts";

/** Who calls, and what an operation needs of the Worker around it. Made by each door after its gate. */
export interface Caller {
  readonly tenant: string;
  /** The caller's own git credentials (`X-Git-Token`), for this call only. */
  readonly gitTokens?: GitTokens;
  readonly env: Env;
  readonly config: Config;
  /** For work that the answer does not wait for. */
  waitUntil(work: Promise<unknown>): void;
  /** Hears what git says on stderr while an operation runs, as it comes. */
  readonly onProgress?: (text: string) => void;
  /** Hears how many other pushes come before one that waits. */
  readonly onBefore?: (before: number) => void;
  /** Of a trace that is kept; metrics give it as an example. */
  readonly traceId?: string;
  /** What the call cost, for `Server-Timing`, and which sandbox it was given last. */
  readonly cost: {
    objectCalls: number;
    sandboxMs: number;
    given?: { readonly sandboxId: string; readonly source: Source };
  };
}
