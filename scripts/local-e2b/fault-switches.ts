/** The switches. In words of their own, not by way of zod: a package's types then stand alone. */
export interface FaultSettings {
  /** Added before the answer, in milliseconds. */
  readonly latencyMs?: { readonly control?: number | undefined; readonly sandbox?: number | undefined } | undefined;
  /** The next `count` control plane calls fail with this status. */
  readonly controlErrors?:
    | { readonly count: number; readonly status: 429 | 500 | 502 | 503; readonly retryAfterS?: number | undefined }
    | undefined;
  /** The next `count` requests to a sandbox, or to one route of it, fail with this status, or without one are reset unanswered. */
  readonly sandboxErrors?:
    | {
        readonly count: number;
        readonly status?: 409 | 429 | 500 | 502 | 503 | undefined;
        readonly retryAfterS?: number | undefined;
        /** As the counters name it. */
        readonly route?: string | undefined;
      }
    | undefined;
  /** The next `count` process streams break after so many events, or so many bytes. */
  readonly cutStreams?:
    | { readonly count: number; readonly afterEvents?: number | undefined; readonly afterBytes?: number | undefined }
    | undefined;
  /** The next `count` creations wait for a release: before there is a sandbox, or after, with the answer held back. */
  readonly hangCreates?: { readonly count: number; readonly when: "before" | "after" } | undefined;
  /** Seconds that a run lasts at most, whatever was asked for; E2B cuts a new timeout there and answers as always. */
  readonly longestRunS?: number | undefined;
  /** The next `count` connects wait for a release before anything is resumed. */
  readonly hangConnects?: { readonly count: number } | undefined;
}

/** Faults on demand, for tests of clients. */
export interface FaultSwitches {
  readonly settings: FaultSettings & { readonly hangingCreates: number; readonly hangingConnects: number };
  /** Replaces the switches that it names and leaves the others. */
  set(settings: FaultSettings): void;
  /** Switches everything off and lets go of what hangs. */
  reset(): void;
  /** Lets go of what hangs. */
  release(): void;
}
