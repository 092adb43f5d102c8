import type { IncomingHttpHeaders } from "node:http";
import type { BigIntStats } from "node:fs";
import { ApiError } from "../http/reply.ts";

export type FileMetadata = Readonly<Record<string, string>>;

const HEADER_PREFIX = "x-metadata-";
/** envd's limits: an extended attribute's name is at most 255 bytes with its prefix, all of a file's at most one block. */
const ATTRIBUTE_PREFIX_BYTES = "user.e2b.".length;
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

/**
 * Metadata of files that were uploaded to one sandbox. envd keeps it in extended attributes, which Node cannot
 * write; this remembers it by the file's identity, so that it follows a rename, and not a copy.
 */
export class MetadataStore {
  readonly #byFile = new Map<string, FileMetadata>();

  set(stats: BigIntStats, metadata: FileMetadata): void {
    if (Object.keys(metadata).length === 0) this.#byFile.delete(identity(stats));
    else this.#byFile.set(identity(stats), metadata);
  }

  isEmpty(): boolean {
    return this.#byFile.size === 0;
  }

  get(stats: BigIntStats): FileMetadata | undefined {
    return this.#byFile.get(identity(stats));
  }
}

/** The birth time tells a file from a later one that was given the same inode. */
function identity({ dev, ino, birthtimeNs }: BigIntStats): string {
  return `${dev}:${ino}:${birthtimeNs}`;
}
