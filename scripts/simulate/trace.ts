/** One use of a workspace: an operation. */
export interface Use {
  /** Milliseconds since the beginning of the trace. */
  readonly at: number;
  readonly workspace: number;
  /** The first operation of a session. */
  readonly opens: boolean;
  /** The last operation of a session. */
  readonly ends: boolean;
}

/**
 * What agents did, in order of time. Workspaces and repositories are named by their index. Columns, because a week of a
 * busy pool has more than a million uses and is played dozens of times.
 */
export interface Trace {
  readonly name: string;
  readonly lengthMs: number;
  readonly at: Float64Array;
  readonly workspace: Int32Array;
  readonly opens: Uint8Array;
  readonly ends: Uint8Array;
  /** Whether `ends` is known: it is not for a recorded trace. */
  readonly knowsEnds: boolean;
  /** Of each workspace, its repository. */
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

/** Puts uses in order of time, and into columns. */
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
