import type { IncomingHttpHeaders } from "node:http";
import type { BigIntStats } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { ApiError } from "../http/reply.ts";

export type FileMetadata = Readonly<Record<string, string>>;

/** Prefix of the names of attributes that are metadata. */
export const ATTRIBUTE_PREFIX = "user.e2b.";
const HEADER_PREFIX = "x-metadata-";
/** envd's limits: at most 255 bytes for an attribute's name with its prefix, and one block for all of a file's. */
const ATTRIBUTE_PREFIX_BYTES = ATTRIBUTE_PREFIX.length;
const MAX_KEY_BYTES = 255 - ATTRIBUTE_PREFIX_BYTES;
const MAX_TOTAL_BYTES = 4096;

/** Returns the metadata in an upload's headers. @throws ApiError 400 */
export function metadataFrom(headers: IncomingHttpHeaders): FileMetadata {
  const metadata: Record<string, string> = {};
  let total = 0;
  for (const [name, value] of Object.entries(headers)) {
    if (!name.startsWith(HEADER_PREFIX) || typeof value !== "string") continue;
    const key = name.slice(HEADER_PREFIX.length);
    if (key === "" || key.length > MAX_KEY_BYTES || !/^[ -~]*$/.test(value)) {
      throw new ApiError(400, `invalid metadata: key '${key}' or its value is not allowed`);
    }
    total += ATTRIBUTE_PREFIX_BYTES + key.length + value.length;
    metadata[key] = value;
  }
  if (total > MAX_TOTAL_BYTES) throw new ApiError(400, `invalid metadata: more than ${MAX_TOTAL_BYTES} bytes in total`);
  return metadata;
}

/** A file that may have metadata. */
export interface Described {
  /** Host path, without links. */
  readonly host: string;
  readonly stats: BigIntStats;
}

/** Store of the metadata of files. */
export interface MetadataStore {
  /** Returns the metadata in the order of the files. */
  get(files: readonly Described[]): Promise<readonly (FileMetadata | undefined)[]>;
  /** Replaces all metadata of the file. */
  set(file: FileHandle, metadata: FileMetadata): Promise<void>;
  close(): Promise<void>;
}

/**
 * Keeps metadata of uploaded files in memory, if extended attributes cannot be read and written. The key is the file's
 * identity, so that metadata follows a rename, but not a copy.
 */
export class RememberedMetadata implements MetadataStore {
  readonly #byFile = new Map<string, FileMetadata>();

  get(files: readonly Described[]): Promise<readonly (FileMetadata | undefined)[]> {
    return Promise.resolve(files.map(({ stats }) => this.#byFile.get(identity(stats))));
  }

  async set(file: FileHandle, metadata: FileMetadata): Promise<void> {
    const key = identity(await file.stat({ bigint: true }));
    if (Object.keys(metadata).length === 0) this.#byFile.delete(key);
    else this.#byFile.set(key, metadata);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Returns the identity of a file. The birth time distinguishes it from a later file with the same inode. */
function identity({ dev, ino, birthtimeNs }: BigIntStats): string {
  return `${dev}:${ino}:${birthtimeNs}`;
}
