/** Address of a repository and, unless it is public, the Authorization header. */
export interface Remote {
  readonly url: string;
  readonly authorization?: string;
  /** The broker's address, to which git connects instead, and which `authorization` is for. */
  readonly via?: string;
}

/** Address at which an operation gets signatures of its commits, and the Authorization header for that alone. */
export interface Signing {
  readonly url: string;
  readonly authorization: string;
}

/** Limit of a list of refs: Linux limits one process argument to 128 KiB. About 1,500 branches and tags. */
export const MAX_LIST_BYTES = 100 * 1024;

/** Branches and tags of a remote at one moment. */
export interface RemoteRefs {
  /** Name of the default branch. */
  readonly head: string;
  /**
   * One line of object and name per ref, as `git show-ref` lists them after a fetch: branches in refs/remotes/origin,
   * including HEAD; tags in refs/tags; sorted by name. At most MAX_LIST_BYTES.
   */
  readonly list: string;
}

/**
 * File streamed into the sandbox while the script runs; the script deletes it. Its stdin reaches EOF when the upload is
 * complete.
 */
export interface StreamedFile {
  /** Relative to the home folder; a unique name. */
  readonly path: string;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** Object of Git LFS. */
export interface LfsObject {
  /** SHA-256 of the content. */
  readonly oid: string;
  readonly size: number;
}

/** Content of a file that Git LFS stores. */
export interface LfsContent {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** File whose object the git host has. */
export interface LfsFile extends LfsObject {
  readonly path: string;
  /** False: the host had the object already. */
  readonly uploaded: boolean;
}

/** Refs and pack that the Worker fetched before the script of a clone starts. */
export interface PrefetchedRemote {
  readonly remoteRefs?: RemoteRefs | undefined;
  /** The remote's objects that the base clone lacks; "none": it lacks none. Undefined: unknown. */
  readonly pack?: StreamedFile | "none" | undefined;
}
