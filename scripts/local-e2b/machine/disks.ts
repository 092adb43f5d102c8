import { lchownSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Owner } from "./owner.ts";
import { copyTree, makeTree, removeTree } from "./tree.ts";

/** Directories that machines start from and nothing changes any more. Files in one hide those in later ones. */
export type Layers = readonly string[];

/** Files of one machine: its own directory, on top of shared layers. */
export interface Disk {
  readonly top: string;
  readonly layers: Layers;
}

/** Makes and removes disks. Removes a layer when its last user is gone: a disk, or an image. */
export class Disks {
  /** Whether machines can mount a directory on top of others; if not, every disk is a whole copy. */
  readonly layered: boolean;
  readonly #root: string;
  readonly #owner: Owner | undefined;
  readonly #users = new Map<string, number>();
  #made = 0;

  constructor(root: string, owner: Owner | undefined, layered: boolean) {
    this.#root = root;
    this.#owner = owner;
    this.layered = layered;
    mkdirSync(root, { recursive: true });
  }

  /** Makes a disk that starts with the files of `layers`; without layers, a blank sandbox's disk. */
  async on(layers: Layers): Promise<Disk> {
    const top = this.#newPath();
    if (layers.length === 0) {
      makeTree(top, this.#owner);
      return { top, layers };
    }
    this.#hold(layers);
    if (!this.layered) {
      for (const layer of layers) await copyTree(layer, top);
      await this.release(layers);
      return { top, layers: [] };
    }
    mkdirSync(top);
    if (this.#owner !== undefined) lchownSync(top, this.#owner.uid, this.#owner.gid);
    mkdirSync(workOf(top));
    return { top, layers };
  }

  /** Turns a disk that nothing writes to any more into layers. The disk no longer exists afterwards. */
  async seal({ top, layers }: Disk): Promise<Layers> {
    this.#hold([top]);
    await removeTree(workOf(top));
    return [top, ...layers];
  }

  /** Returns layers with a copy of the files in `directory` on top of `layers`. */
  async copy(directory: string, layers: Layers): Promise<Layers> {
    const copied = [this.#newPath(), ...layers];
    this.#hold(copied);
    try {
      await copyTree(directory, copied[0] ?? "");
    } catch (error) {
      await this.release(copied);
      throw error;
    }
    return copied;
  }

  /** Removes all disks and layers. */
  close(): Promise<void> {
    return removeTree(this.#root);
  }

  async discard({ top, layers }: Disk): Promise<void> {
    await removeTree(top);
    await removeTree(workOf(top));
    await this.release(layers);
  }

  /** Releases layers from seal or copy, and removes those without users. */
  async release(layers: Layers): Promise<void> {
    for (const layer of layers) {
      const left = (this.#users.get(layer) ?? 0) - 1;
      this.#users.set(layer, left);
      if (left > 0) continue;
      this.#users.delete(layer);
      await removeTree(layer);
    }
  }

  #hold(layers: Layers): void {
    for (const layer of layers) this.#users.set(layer, (this.#users.get(layer) ?? 0) + 1);
  }

  /** Returns a short path, because the paths of all layers of a mount share one page in the kernel. */
  #newPath(): string {
    this.#made += 1;
    return join(this.#root, String(this.#made));
  }
}

/** Returns the work directory that the kernel needs beside a directory on top of others. */
function workOf(top: string): string {
  return `${top}.work`;
}
