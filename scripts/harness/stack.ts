import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startLocalHost } from "../local-e2b/host.ts";
import type { LocalHost, LocalHostOptions } from "../local-e2b/host.ts";
import type { GitServerAuth } from "../sample-remote/auth.ts";
import { startGitServer } from "../sample-remote/server.ts";
import type { GitServer } from "../sample-remote/server.ts";
import { Cleanups } from "../support/cleanups.ts";
import { freePort } from "../support/free-port.ts";
import { egressBindings, localBindings } from "../support/local-services.ts";
import { startWorkerd } from "../support/workerd.ts";
import type { Workerd } from "../support/workerd.ts";

export interface StackOptions {
  /** Settings of the Worker, besides those that connect it to the hosts. */
  readonly bindings?: Readonly<Record<string, string>>;
  readonly isolation?: NonNullable<LocalHostOptions["isolation"]>;
  readonly remoteAuth?: GitServerAuth;
  /** Main module of the Worker; absent: the product's main module. */
  readonly entry?: string;
  /** Receives the Worker's log, line by line. */
  readonly log?: (line: string) => void;
}

/** The bundled Worker in bare workerd, a sandbox host and a git server, each on a free port of 127.0.0.1. */
export interface Stack {
  /** Address of the Worker, unchanged after a crash and a restart. */
  readonly url: string;
  readonly host: LocalHost;
  /** Folder of the Worker's storage: databases of Durable Objects, and the bucket of saved work. */
  readonly storage: string;
  /** Returns the process id of the Worker. */
  workerPid(): number;
  /** Serves the repositories in `git.root`, which is empty at first. */
  readonly git: GitServer;
  /** Kills the Worker's process as a crash would; its Durable Objects' storage stays. */
  crashWorker(): Promise<void>;
  /** Starts the Worker again after crashWorker. */
  startWorker(): Promise<void>;
  /** Ends every process and removes every file of the stack. */
  close(): Promise<void>;
}

/** Prevents requests by the Worker itself: every request to the control plane belongs to a call and can be counted. */
const ONLY_ASKED = { POOL_MIN: "0", POOL_MAX: "0", SNAPSHOT_POLICY: "asked" };

export async function startStack({ bindings, isolation, remoteAuth, entry, log }: StackOptions = {}): Promise<Stack> {
  const cleanups = new Cleanups();
  try {
    const folder = await mkdtemp(join(tmpdir(), "warmtree-stack-"));
    cleanups.add(() => rm(folder, { recursive: true, force: true }));
    const git = await startGitServer({ root: join(folder, "remote"), ...(remoteAuth && { auth: remoteAuth }) });
    cleanups.add(() => git.close());
    const host = await startLocalHost(isolation ? { isolation } : {});
    cleanups.add(() => host.close());

    // Sandboxes must have the address before the Worker runs.
    const port = await freePort();
    const workerdOptions = {
      bindings: {
        ...localBindings(host.url, git.url),
        ...egressBindings(host),
        PUBLIC_URL: `http://127.0.0.1:${port}`,
        ...ONLY_ASKED,
        ...bindings,
      },
      port,
      storageDir: join(folder, "storage"),
      ...(entry && { entry }),
      ...(log && { log }),
    };
    let worker: Workerd = await startWorkerd(workerdOptions);
    cleanups.add(() => worker.close());
    const { url } = worker;
    return {
      url,
      storage: workerdOptions.storageDir,
      workerPid: () => worker.pid,
      host,
      git,
      crashWorker: () => worker.kill(),
      startWorker: async () => {
        worker = await startWorkerd(workerdOptions);
      },
      close: () => cleanups.run(),
    };
  } catch (error) {
    await cleanups.run();
    throw error;
  }
}
