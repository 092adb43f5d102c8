/** The fault switches. Not derived from a zod schema, so that the package's types need no zod. */
export interface FaultSettings {
  /** Delay before the response, in milliseconds. */
  readonly latencyMs?: { readonly control?: number | undefined; readonly sandbox?: number | undefined } | undefined;
  /** The next `count` control plane calls fail with this status. */
  readonly controlErrors?:
    | { readonly count: number; readonly status: 429 | 500 | 502 | 503; readonly retryAfterS?: number | undefined }
    | undefined;
  /**
   * The next `count` requests to sandboxes, or to a route of them, fail with this status; without it, they are reset.
   */
  readonly sandboxErrors?:
    | {
        readonly count: number;
        readonly status?: 409 | 429 | 500 | 502 | 503 | undefined;
        readonly retryAfterS?: number | undefined;
        /** Name of the route in the counters. */
        readonly route?: string | undefined;
      }
    | undefined;
  /** The next `count` process streams break after this number of events, or of bytes. */
  readonly cutStreams?:
    | { readonly count: number; readonly afterEvents?: number | undefined; readonly afterBytes?: number | undefined }
    | undefined;
  /** The next `count` creations wait for a release: before the sandbox is made, or after, before the response. */
  readonly hangCreates?: { readonly count: number; readonly when: "before" | "after" } | undefined;
  /** Longest run in seconds, for any requested timeout. E2B shortens a new timeout to it and responds as usual. */
  readonly longestRunS?: number | undefined;
  /** The next `count` connects wait for a release before the sandbox is resumed. */
  readonly hangConnects?: { readonly count: number } | undefined;
}

/** Faults on demand, for tests of clients. */
export interface FaultSwitches {
  readonly settings: FaultSettings & { readonly hangingCreates: number; readonly hangingConnects: number };
  /** Replaces the switches in `settings` and leaves the others. */
  set(settings: FaultSettings): void;
  /** Switches all faults off and releases the calls that hang. */
  reset(): void;
  /** Releases the calls that hang. */
  release(): void;
}
