/** One use of a workspace: an operation. */
export interface Use {
  /** Milliseconds since the beginning of the trace. */
  readonly at: number;
  readonly workspace: number;
  /** Whether it is the first operation of a session. */
  readonly opens: boolean;
  /** Whether it is the last operation of a session. */
  readonly ends: boolean;
}

/**
 * Operations of agents, in order of time. Workspaces and repositories are named by their index. Stored in columns,
 * because a week of a busy pool has more than a million uses and is played dozens of times.
 */
export interface Trace {
  readonly name: string;
  readonly lengthMs: number;
  readonly at: Float64Array;
  readonly workspace: Int32Array;
  readonly opens: Uint8Array;
  readonly ends: Uint8Array;
  /** Whether `ends` is known: for a recorded trace it is not. */
  readonly knowsEnds: boolean;
  /** Repository of each workspace. */
  readonly repositoryOf: Int32Array;
  readonly sizesMb: readonly number[];
}

export interface Recorded {
  readonly name: string;
  readonly lengthMs: number;
  readonly uses: Use[];
  readonly knowsEnds: boolean;
  readonly repositoryOf: readonly number[];
  readonly sizesMb: readonly number[];
}

/** Sorts uses by time, and stores them in columns. */
export function traceOf({ uses, repositoryOf, ...rest }: Recorded): Trace {
  uses.sort((a, b) => a.at - b.at);
  return {
    ...rest,
    at: Float64Array.from(uses, ({ at }) => at),
    workspace: Int32Array.from(uses, ({ workspace }) => workspace),
    opens: Uint8Array.from(uses, ({ opens }) => Number(opens)),
    ends: Uint8Array.from(uses, ({ ends }) => Number(ends)),
    repositoryOf: Int32Array.from(repositoryOf),
  };
}
