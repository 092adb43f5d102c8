/**
 * Runs a git server behind a slow link, and reports its traffic to the parent over IPC. A process of its own: starting
 * git copies the page tables of the parent process, and a git host does not have this bench's memory.
 */
import { startGitServer } from "../../sample-remote/server.ts";
import { startWan } from "../../harness/wan/proxy.ts";
import type { WanLink } from "../../harness/wan/proxy.ts";
import type { Meter } from "./measure.ts";

/** The first request starts the server; every request gets an answer. */
export interface FarEndRequest {
  readonly root: string;
  readonly link: WanLink;
}

export interface FarEndAnswer extends Meter {
  readonly port: number;
}

let serving: Promise<() => FarEndAnswer> | undefined;

process.on("message", (request: FarEndRequest) => {
  serving ??= serve(request);
  void serving.then((answer) => process.send?.(answer()));
});

async function serve({ root, link }: FarEndRequest): Promise<() => FarEndAnswer> {
  const server = await startGitServer({ root });
  const wan = await startWan(Number(new URL(server.url).port), link);
  return () => {
    const { bytesDown, bytesUp } = wan.traffic();
    return { port: wan.port, bytes: bytesDown + bytesUp, requests: server.counters().requests };
  };
}
