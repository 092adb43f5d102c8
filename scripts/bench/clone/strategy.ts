/** One way to a working tree. */
export interface Strategy {
  readonly name: string;
  /** Brings about what a run starts from; not measured. */
  readonly ready?: () => Promise<void>;
  /** @returns what there is then */
  readonly clone: () => Promise<Cloned>;
}

export interface Cloned {
  /** Whether every commit of the branch is there, with everything that belongs to it. */
  readonly hasFullHistory: () => Promise<boolean>;
  /** Milliseconds of its parts, where it tells them. */
  readonly timing: Readonly<Record<string, number>>;
}
