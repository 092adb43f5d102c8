/** Whose files and processes a sandbox's are, to this machine. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}
