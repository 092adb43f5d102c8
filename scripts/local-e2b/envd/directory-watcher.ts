import { type BigIntStats, type FSWatcher, lstatSync, readdirSync, watch } from "node:fs";
import { join, posix } from "node:path";

type ChangeType =
  | "EVENT_TYPE_CREATE"
  | "EVENT_TYPE_WRITE"
  | "EVENT_TYPE_REMOVE"
  | "EVENT_TYPE_RENAME"
  | "EVENT_TYPE_CHMOD";

export interface Change {
  /** Path relative to the watched directory. */
  readonly name: string;
  readonly type: ChangeType;
}

/**
 * Watches a directory, with everything beneath it if `recursive`, and reports changes with envd's types. Node only
 * reports that a name appeared or vanished, or that it changed; the stored stats of each entry decide the type.
 */
export class DirectoryWatcher {
  readonly #root: string;
  readonly #recursive: boolean;
  readonly #report: (change: Change) => void;
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #known = new Map<string, BigIntStats>();

  constructor(root: string, recursive: boolean, report: (change: Change) => void) {
    this.#root = root;
    this.#recursive = recursive;
    this.#report = report;
    this.#add("");
  }

  close(): void {
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  #add(directory: string): void {
    const watcher = watch(join(this.#root, directory), (kind, name) => {
      if (name !== null) this.#changed(posix.join(directory, name), kind === "rename");
    });
    // The directory is gone, which its parent's watcher has reported.
    watcher.on("error", () => this.#drop(directory));
    this.#watchers.set(directory, watcher);
    for (const name of this.#entries(directory)) this.#learn(posix.join(directory, name));
  }

  #entries(directory: string): readonly string[] {
    try {
      return readdirSync(join(this.#root, directory));
    } catch {
      return [];
    }
  }

  /** Stores an entry's stats. If recursive, also watches a directory, and reports the entries already in a new one. */
  #learn(name: string, isNew = false): void {
    const stats = lstatSync(join(this.#root, name), { bigint: true, throwIfNoEntry: false });
    if (stats === undefined) return;
    this.#known.set(name, stats);
    if (!this.#recursive || !stats.isDirectory() || this.#watchers.has(name)) return;
    this.#add(name);
    if (!isNew) return;
    for (const inside of this.#entries(name)) {
      this.#report({ name: posix.join(name, inside), type: "EVENT_TYPE_CREATE" });
    }
  }

  #changed(name: string, appearedOrVanished: boolean): void {
    const before = this.#known.get(name);
    const now = lstatSync(join(this.#root, name), { bigint: true, throwIfNoEntry: false });
    if (now === undefined) {
      if (before === undefined) return;
      this.#forget(name);
      this.#report({ name, type: this.#movedElsewhere(before) ? "EVENT_TYPE_RENAME" : "EVENT_TYPE_REMOVE" });
    } else if (before === undefined || (appearedOrVanished && before.ino !== now.ino)) {
      this.#report({ name, type: "EVENT_TYPE_CREATE" });
      this.#learn(name, true);
    } else {
      const sameRights = before.mode === now.mode && before.uid === now.uid && before.gid === now.gid;
      this.#known.set(name, now);
      this.#report({ name, type: sameRights ? "EVENT_TYPE_WRITE" : "EVENT_TYPE_CHMOD" });
    }
  }

  /** Whether the vanished entry exists under another name in a watched directory. */
  #movedElsewhere({ ino, dev }: BigIntStats): boolean {
    for (const directory of this.#watchers.keys()) {
      for (const name of this.#entries(directory)) {
        const stats = lstatSync(join(this.#root, directory, name), { bigint: true, throwIfNoEntry: false });
        if (stats?.ino === ino && stats.dev === dev) return true;
      }
    }
    return false;
  }

  #forget(name: string): void {
    this.#known.delete(name);
    this.#drop(name);
  }

  #drop(directory: string): void {
    for (const [name, watcher] of this.#watchers) {
      if (name !== directory && !name.startsWith(`${directory}/`)) continue;
      watcher.close();
      this.#watchers.delete(name);
    }
  }
}
