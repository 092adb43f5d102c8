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

/** Where this machine keeps the metadata of files. */
export function openMetadata(log: (line: string) => void): MetadataStore {
  const attributes = AttributeHelper.find(ATTRIBUTE_PREFIX);
  return attributes === undefined ? new RememberedMetadata() : new AttributeMetadata(attributes, log);
}

/** Metadata in extended attributes, as envd has it: what programs set there counts, and copies that keep attributes keep it. */
class AttributeMetadata implements MetadataStore {
  readonly #attributes: AttributeHelper;
  readonly #log: (line: string) => void;

  constructor(attributes: AttributeHelper, log: (line: string) => void) {
    this.#attributes = attributes;
    this.#log = log;
  }

  async get(files: readonly Described[]): Promise<readonly (FileMetadata | undefined)[]> {
    // Nothing else can have any.
    const asked = files.filter(({ stats }) => stats.isFile() || stats.isDirectory());
    const found = await this.#read(asked.map(({ host }) => host));
    const metadata = new Map(asked.map((file, index) => [file, asMetadata(found[index] ?? [])]));
    return files.map((file) => metadata.get(file));
  }

  async set(file: FileHandle, metadata: FileMetadata): Promise<void> {
    try {
      await this.#attributes.replace(`/proc/${process.pid}/fd/${file.fd}`, metadata);
    } catch (error) {
      // As with envd: a file system without attributes takes the file all the same.
      this.#log(`a file's metadata is not kept: ${String(error)}`);
    }
  }

  /** What is known of a file without its metadata is worth an answer too. */
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

/** What a program has set may be any bytes; a message can hold text only. */
function asMetadata(attributes: Attributes): FileMetadata | undefined {
  const texts = attributes.filter(([name, value]) => isUtf8(name) && isUtf8(value));
  if (texts.length === 0) return undefined;
  return Object.fromEntries(texts.map(([name, value]) => [name.toString("utf8"), value.toString("utf8")]));
}
