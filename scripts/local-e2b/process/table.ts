import { ConnectError } from "../connect/error.ts";
import type { ExitStatus } from "../machine/machine.ts";
import type { RunningProcess } from "./running.ts";

/** Identifies a process in a request. */
export type Selector = { readonly pid: number } | { readonly tag: string };

interface Ended {
  readonly pid: number;
  readonly tag: string | undefined;
  readonly exit: ExitStatus;
}

/** Time for which envd keeps an exit code, for a late Connect. */
const EXIT_KEPT_MS = 30_000;

/** The processes that clients started in one sandbox. */
export class ProcessTable {
  readonly #running = new Map<number, RunningProcess>();
  readonly #ended = new Map<number, Ended>();

  add(started: RunningProcess): void {
    const { pid, tag } = started;
    this.#ended.delete(pid);
    for (const old of this.#ended.values()) if (tag !== undefined && old.tag === tag) this.#ended.delete(old.pid);
    this.#running.set(pid, started);
    void started.ended.then((exit) => this.#retain({ pid, tag, exit }));
  }

  list(): readonly RunningProcess[] {
    return [...this.#running.values()];
  }

  /** @throws ConnectError not_found */
  find(selector: Selector): RunningProcess {
    const found = matching(this.#running.values(), selector);
    if (found !== undefined) return found;
    const name = "pid" in selector ? `pid ${selector.pid}` : `tag ${selector.tag}`;
    throw new ConnectError("not_found", `process with ${name} not found`);
  }

  findEnded(selector: Selector): Ended | undefined {
    return matching(this.#ended.values(), selector);
  }

  #retain(ended: Ended): void {
    this.#running.delete(ended.pid);
    this.#ended.set(ended.pid, ended);
    setTimeout(() => {
      if (this.#ended.get(ended.pid) === ended) this.#ended.delete(ended.pid);
    }, EXIT_KEPT_MS).unref();
  }
}

function matching<T extends { readonly pid: number; readonly tag: string | undefined }>(
  candidates: Iterable<T>,
  selector: Selector,
): T | undefined {
  for (const candidate of candidates) {
    if ("pid" in selector ? candidate.pid === selector.pid : candidate.tag === selector.tag) return candidate;
  }
  return undefined;
}
