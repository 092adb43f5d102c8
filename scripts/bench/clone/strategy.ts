/** One way to get a working tree. */
export interface Strategy {
  readonly name: string;
  /** Prepares the state in which a run starts; not measured. */
  readonly ready?: () => Promise<void>;
  /** @returns the clone, for checks of its history and parts */
  readonly clone: () => Promise<Cloned>;
}

export interface Cloned {
  /** Whether the clone has every commit of the branch, with all objects of each. */
  readonly hasFullHistory: () => Promise<boolean>;
  /** Milliseconds of the clone's parts, if they are known. */
  readonly timing: Readonly<Record<string, number>>;
}
