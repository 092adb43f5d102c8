/** What a remote call of git needs: the address to use and, unless the repository is public, an Authorization header. */
export interface Remote {
  readonly url: string;
  readonly authorization?: string;
}

/** Linux takes no longer parameter of a process than 128 KiB. Some 1,500 branches and tags. */
export const MAX_LIST_BYTES = 100 * 1024;

/** Branches and tags of a remote at one moment. */
export interface RemoteRefs {
  /** The default branch's name. */
  readonly head: string;
  /**
   * A line of object and name for each, as `git show-ref` would list them after a fetch: branches in refs/remotes/origin,
   * HEAD among them, tags in refs/tags, sorted by name. No more than MAX_LIST_BYTES.
   */
  readonly list: string;
}

/** A file that is streamed into the sandbox while the script runs; the script deletes it. Its stdin ends with the file. */
export interface StreamedFile {
  /** Relative to the home folder; a name that nothing else has. */
  readonly path: string;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** Refs and pack that the Worker fetched before the script of a clone starts. */
export interface PrefetchedRemote {
  readonly remoteRefs?: RemoteRefs | undefined;
  /** The remote's objects that the base clone lacks; "none": it lacks none. Undefined: not known. */
  readonly pack?: StreamedFile | "none" | undefined;
}
