import type { IncomingHttpHeaders } from "node:http";
import type { BigIntStats } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { ApiError } from "../http/reply.ts";

export type FileMetadata = Readonly<Record<string, string>>;

/** Names of the attributes that are metadata begin so. */
export const ATTRIBUTE_PREFIX = "user.e2b.";
const HEADER_PREFIX = "x-metadata-";
/** envd's limits: an extended attribute's name is at most 255 bytes with its prefix, all of a file's at most one block. */
const ATTRIBUTE_PREFIX_BYTES = ATTRIBUTE_PREFIX.length;
const MAX_KEY_BYTES = 255 - ATTRIBUTE_PREFIX_BYTES;
const MAX_TOTAL_BYTES = 4096;

/** The metadata that an upload's headers carry. @throws ApiError 400 */
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
  /** Where it lies, without links. */
  readonly host: string;
  readonly stats: BigIntStats;
}

/** Where the metadata of files is kept. */
export interface MetadataStore {
  /** In the order of the files. */
  get(files: readonly Described[]): Promise<readonly (FileMetadata | undefined)[]>;
  /** Replaces all that the file had. */
  set(file: FileHandle, metadata: FileMetadata): Promise<void>;
  close(): Promise<void>;
}

/**
 * For where there is nothing that reads and writes extended attributes: metadata of uploaded files, remembered by the
 * file's identity, so that it follows a rename, and not a copy.
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

/** The birth time tells a file from a later one that was given the same inode. */
function identity({ dev, ino, birthtimeNs }: BigIntStats): string {
  return `${dev}:${ino}:${birthtimeNs}`;
}
