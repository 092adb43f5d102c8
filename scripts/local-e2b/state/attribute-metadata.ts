import { isUtf8 } from "node:buffer";
import type { FileHandle } from "node:fs/promises";
import { AttributeHelper, type Attributes } from "../machine/attributes.ts";
import {
  ATTRIBUTE_PREFIX,
  type Described,
  type FileMetadata,
  type MetadataStore,
  RememberedMetadata,
} from "./file-metadata.ts";

/** Returns the store in which this machine keeps the metadata of files. */
export function openMetadata(log: (line: string) => void): MetadataStore {
  const attributes = AttributeHelper.find(ATTRIBUTE_PREFIX);
  return attributes === undefined ? new RememberedMetadata() : new AttributeMetadata(attributes, log);
}

/**
 * Keeps metadata in extended attributes, as envd does. Counts metadata set by programs; copies with attributes keep it.
 */
class AttributeMetadata implements MetadataStore {
  readonly #attributes: AttributeHelper;
  readonly #log: (line: string) => void;

  constructor(attributes: AttributeHelper, log: (line: string) => void) {
    this.#attributes = attributes;
    this.#log = log;
  }

  async get(files: readonly Described[]): Promise<readonly (FileMetadata | undefined)[]> {
    // Only files and directories can have metadata.
    const asked = files.filter(({ stats }) => stats.isFile() || stats.isDirectory());
    const found = await this.#read(asked.map(({ host }) => host));
    const metadata = new Map(asked.map((file, index) => [file, asMetadata(found[index] ?? [])]));
    return files.map((file) => metadata.get(file));
  }

  async set(file: FileHandle, metadata: FileMetadata): Promise<void> {
    try {
      await this.#attributes.replace(`/proc/${process.pid}/fd/${file.fd}`, metadata);
    } catch (error) {
      // As in envd, a file system without attributes still accepts the file.
      this.#log(`a file's metadata is not kept: ${String(error)}`);
    }
  }

  /** Returns [] on an error, because the response is useful without metadata. */
  async #read(paths: readonly string[]): Promise<readonly Attributes[]> {
    try {
      return await this.#attributes.read(paths);
    } catch (error) {
      this.#log(`metadata of files could not be read: ${String(error)}`);
      return [];
    }
  }

  close(): Promise<void> {
    return this.#attributes.close();
  }
}

/** Returns the attributes that are text: programs may set any bytes, but a message holds only text. */
function asMetadata(attributes: Attributes): FileMetadata | undefined {
  const texts = attributes.filter(([name, value]) => isUtf8(name) && isUtf8(value));
  if (texts.length === 0) return undefined;
  return Object.fromEntries(texts.map(([name, value]) => [name.toString("utf8"), value.toString("utf8")]));
}
