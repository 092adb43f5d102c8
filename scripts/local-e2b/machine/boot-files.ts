import { randomUUID } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** What one machine has besides its disk: the id of its present boot, and the list of its mounts. */
export class BootFiles {
  readonly #id: string;
  readonly #mounts: string;
  readonly #shared: ReadonlyMap<string, string>;

  /** @param shared directories that all machines see, by where they see them */
  constructor(directory: string, name: string, shared: ReadonlyMap<string, string>) {
    this.#id = join(directory, name);
    this.#mounts = join(directory, `${name}.mounts`);
    this.#shared = shared;
    this.renew();
  }

  /** Another boot. Written in place: the file itself is mounted. */
  renew(): void {
    writeFileSync(this.#id, `${randomUUID()}\n`);
  }

  /**
   * A file of fstab(5) for a machine with its root directory at `tree`, which has to be a mount of its own. Where another
   * mount is there already, `mount --all` would take it for that.
   */
  mountsIn(tree: string, isMount: boolean): string {
    const lines = [
      ...(isMount ? [] : [[tree, tree, "none", "rbind"]]),
      ...[...this.#shared].map(([seen, path]) => [path, join(tree, seen), "none", "rbind"]),
      ["proc", join(tree, "proc"), "proc", "defaults"],
      // A namespace in the sandbox may mount a /proc of its own only while it sees one in which nothing is mounted.
      ["proc", join(tree, "dev/.proc"), "proc", "defaults"],
      [this.#id, join(tree, "proc/sys/kernel/random/boot_id"), "none", "bind,ro"],
    ];
    writeFileSync(this.#mounts, lines.map((fields) => `${fields.map(fstabField).join(" ")}\n`).join(""));
    return this.#mounts;
  }

  remove(): void {
    for (const path of [this.#mounts, this.#id]) rmSync(path, { force: true });
  }
}

/** White space ends a field, so in one it is written in octal. */
function fstabField(path: string): string {
  return path.replaceAll(/[\s\\]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, "0")}`);
}
