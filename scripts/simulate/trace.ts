/** One use of a workspace: an operation. */
export interface Use {
  /** Milliseconds since the beginning of the trace. */
  readonly at: number;
  readonly workspace: number;
  /** The first operation of a session. */
  readonly opens: boolean;
  /** The last operation of a session, where the trace knows. */
  readonly ends: boolean;
}

export interface Workspace {
  readonly repository: number;
}

export interface Repository {
  readonly sizeMb: number;
}

/** What agents did, in order of time. Workspaces and repositories are named by their index. */
export interface Trace {
  readonly name: string;
  readonly lengthMs: number;
  readonly uses: readonly Use[];
  readonly workspaces: readonly Workspace[];
  readonly repositories: readonly Repository[];
}
