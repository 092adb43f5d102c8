import { fork } from "node:child_process";
import { join } from "node:path";
import type { Cleanups } from "../../support/cleanups.ts";
import { endWithParent, stopProcess } from "../../support/processes.ts";
import type { WanLink } from "../../harness/wan/proxy.ts";
import type { FarEndAnswer, FarEndRequest } from "./far-end.ts";
import type { Meter } from "./measure.ts";

export interface Remote {
  /** Address of the git server, through the link. */
  readonly url: string;
  /** Returns the traffic over the link so far. */
  readonly meter: () => Promise<Meter>;
}

/** Serves the bare repositories in `root` over a slow link. */
export async function startRemote(root: string, link: WanLink, cleanups: Cleanups): Promise<Remote> {
  const child = fork(join(import.meta.dirname, "far-end.ts"));
  endWithParent(child);
  cleanups.add(() => stopProcess(child));
  const ended = new Promise<never>((_, reject) => {
    child.once("exit", (code) => reject(new Error(`the git server's process ended with code ${code}`)));
  });
  ended.catch(() => undefined);
  const ask = (): Promise<FarEndAnswer> => {
    const answer = new Promise<FarEndAnswer>((resolve) => {
      child.once("message", (message: FarEndAnswer) => resolve(message));
    });
    child.send({ root, link } satisfies FarEndRequest);
    return Promise.race([answer, ended]);
  };
  const { port } = await ask();
  return { url: `http://127.0.0.1:${port}`, meter: ask };
}
