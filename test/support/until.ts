import { setTimeout as sleep } from "node:timers/promises";

const DEADLINE_MS = 60_000;
/** A check costs work too, often a request or a process. */
const POLL_MS = 25;

/** Resolves as soon as the condition holds; rejects with its name after a minute. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`never came about: ${what}`);
    await sleep(POLL_MS);
  }
}
