/** Owner of a sandbox's files and processes on this machine. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}
