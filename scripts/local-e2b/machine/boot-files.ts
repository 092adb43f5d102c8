import { randomUUID } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const BOOT_ID = "./proc/sys/kernel/random/boot_id";

/** What one machine has besides its disk: the id of its present boot, and the list of its mounts. */
export class BootFiles {
  /** A file of fstab(5) lines. */
  readonly mounts: string;
  readonly #id: string;

  /** @param shared the lines that all machines have */
  constructor(directory: string, name: string, shared: string) {
    this.mounts = join(directory, `${name}.mounts`);
    this.#id = join(directory, name);
    this.renew();
    writeFileSync(this.mounts, `${shared}${fstabField(this.#id)} ${BOOT_ID} none bind,ro\n`);
  }

  /** Another boot. Written in place: the file itself is mounted. */
  renew(): void {
    writeFileSync(this.#id, `${randomUUID()}\n`);
  }

  remove(): void {
    for (const path of [this.mounts, this.#id]) rmSync(path, { force: true });
  }
}

/** White space ends a field, so in one it is written in octal. */
export function fstabField(path: string): string {
  return path.replaceAll(/[\s\\]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, "0")}`);
}
