import { randomUUID } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Files of one machine outside its disk: the id of its current boot, and the list of its mounts. */
export class BootFiles {
  readonly #id: string;
  readonly #mounts: string;
  readonly #shared: ReadonlyMap<string, string>;

  /** @param shared directories that all machines see, by their path in a machine's tree */
  constructor(directory: string, name: string, shared: ReadonlyMap<string, string>) {
    this.#id = join(directory, name);
    this.#mounts = join(directory, `${name}.mounts`);
    this.#shared = shared;
    this.renew();
  }

  /** Writes the id of a new boot. Writes in place, because the file itself is mounted. */
  renew(): void {
    writeFileSync(this.#id, `${randomUUID()}\n`);
  }

  /**
   * Writes an fstab(5) file for a machine whose root directory, `tree`, must be a mount of its own. Omits that mount if
   * `tree` already is one (`isMount`), because `mount --all` would take it as done. @returns the file's path
   */
  mountsIn(tree: string, isMount: boolean): string {
    const lines = [
      ...(isMount ? [] : [[tree, tree, "none", "rbind"]]),
      ...[...this.#shared].map(([seen, path]) => [path, join(tree, seen), "none", "rbind"]),
      ["proc", join(tree, "proc"), "proc", "defaults"],
      // A namespace in the sandbox may mount its own /proc only while it sees a /proc without mounts in it.
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

/** Writes white space in octal, because it ends a field. */
function fstabField(path: string): string {
  return path.replaceAll(/[\s\\]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, "0")}`);
}
