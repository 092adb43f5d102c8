import { lchownSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Owner } from "./owner.ts";
import { copyTree, makeTree, removeTree } from "./tree.ts";

/** What machines start from: directories, each seen through those before it. Nothing writes to them any more. */
export type Layers = readonly string[];

/** The files of one machine: a directory of its own, on top of layers that it shares. */
export interface Disk {
  readonly top: string;
  readonly layers: Layers;
}

/** Makes and removes disks. A layer is removed with the last one who has it: a disk, or an image. */
export class Disks {
  /** Whether machines can put a directory on top of others; elsewhere every disk is a whole copy. */
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

  /** A disk that begins with the files of `layers`; without any it is a blank sandbox's. */
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

  /** Makes layers of a disk that nothing writes to any more; there is no such disk then. */
  async seal({ top, layers }: Disk): Promise<Layers> {
    this.#hold([top]);
    await removeTree(workOf(top));
    return [top, ...layers];
  }

  /** Layers with a copy of the files in `directory`, on top of others. */
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

  /** Removes all of them. */
  close(): Promise<void> {
    return removeTree(this.#root);
  }

  async discard({ top, layers }: Disk): Promise<void> {
    await removeTree(top);
    await removeTree(workOf(top));
    await this.release(layers);
  }

  /** Whoever had `layers` from seal or copy needs them no more. */
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

  /** Short: the paths of all layers of a mount share one page of the kernel's. */
  #newPath(): string {
    this.#made += 1;
    return join(this.#root, String(this.#made));
  }
}

/** A directory that the kernel needs beside one that is on top of others. */
function workOf(top: string): string {
  return `${top}.work`;
}
