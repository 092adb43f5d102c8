import { randomBytes } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { git } from "../../harness/git.ts";
import { LeaseHolder, leaseKey } from "../../harness/lease-holder.ts";
import { cpuMs, peakMib } from "../../harness/process-cost.ts";
import type { WanLink } from "../../harness/wan/proxy.ts";
import type { Cleanups } from "../../support/cleanups.ts";
import { freePort } from "../../support/free-port.ts";
import { localBindings } from "../../support/local-services.ts";
import { startWorkerd } from "../../support/workerd.ts";
import { startRemote } from "../clone/remote.ts";
import { median } from "../../support/median.ts";

const MB = 1_000_000;
/** Files of a repository; a pack of one object would be unusual. */
const FILES = 50;

/** Medians, in seconds. */
export interface Measured {
  readonly brokerS: number;
  readonly directS: number;
}

interface Compared {
  readonly clone: Measured;
  readonly push: Measured;
  readonly cpuMsPer100Mb: number;
}

type Way = "broker" | "direct";
const WAYS: readonly Way[] = ["direct", "broker"];

/** Runs plain git, with a lease at the broker, and directly at the git host. */
export class Subjects {
  readonly #folder: string;
  readonly #host: string;
  readonly #holder: LeaseHolder;
  readonly #workerPid: number;
  #trees = 0;

  private constructor(folder: string, host: string, holder: LeaseHolder, workerPid: number) {
    this.#folder = folder;
    this.#host = host;
    this.#holder = holder;
    this.#workerPid = workerPid;
  }

  static async start(folder: string, link: WanLink, cleanups: Cleanups): Promise<Subjects> {
    const remote = join(folder, "remote");
    await mkdir(remote);
    const { url } = await startRemote(remote, link, cleanups);
    const key = leaseKey();
    const port = await freePort();
    // The measurement needs no sandbox.
    const settings = localBindings("http://127.0.0.1:9", url);
    const bindings = { ...settings, LEASE_KEY: key.setting, PUBLIC_URL: `http://127.0.0.1:${port}` };
    const worker = await startWorkerd({ bindings, port });
    cleanups.add(() => worker.close());
    const refs = [{ ref: "refs/heads/main", may: "write" }] as const;
    const holder = new LeaseHolder({ worker: worker.url, host: url, key: key.bytes, refs });
    return new Subjects(folder, url, holder, worker.pid);
  }

  async compare(mb: number, runs: number, say: (text: string) => void): Promise<Compared> {
    await this.#make(mb);
    const clones: Record<Way, number[]> = { broker: [], direct: [] };
    const pushes: Record<Way, number[]> = { broker: [], direct: [] };
    let cpu = 0;
    // The first run of each warms up caches, and does not count.
    for (let run = 0; run <= runs; run++) {
      for (const way of WAYS) {
        const cpuBefore = cpuMs(this.#workerPid);
        const [pushed, cloned] = [await this.#push(way, mb), await this.#clone(way, mb)];
        say(`run ${run} of ${runs}, ${way}: push ${pushed.toFixed(2)} s, clone ${cloned.toFixed(2)} s`);
        if (run === 0) continue;
        pushes[way].push(pushed);
        clones[way].push(cloned);
        if (way === "broker") cpu += cpuMs(this.#workerPid) - cpuBefore;
      }
    }
    const cpuMsPer100Mb = (cpu / (2 * runs * mb)) * 100;
    return { clone: medians(clones), push: medians(pushes), cpuMsPer100Mb };
  }

  /** Returns the largest memory of the Worker while `mb` MB are pushed and cloned. */
  async memoryMib(mb: number): Promise<number> {
    await this.#make(mb);
    return peakMib(this.#workerPid, async () => {
      await this.#push("broker", mb);
      await this.#clone("broker", mb);
    });
  }

  #tree(mb: number): string {
    return join(this.#folder, `tree-${mb}`);
  }

  /** Makes a repository with one commit of `mb` incompressible MB. */
  async #make(mb: number): Promise<void> {
    const tree = this.#tree(mb);
    await mkdir(tree, { recursive: true });
    for (let file = 0; file < FILES; file++) {
      await writeFile(join(tree, `file-${file}`), randomBytes((mb * MB) / FILES));
    }
    await git(tree, ["init", "-q", "-b", "main"]);
    await git(tree, ["add", "."]);
    await this.#run("direct", mb, ["-C", tree, "commit", "-q", "-m", "All"]);
  }

  /** Pushes into an empty repository. Returns seconds. */
  async #push(way: Way, mb: number): Promise<number> {
    const bare = join(this.#folder, "remote", `${mb}.git`);
    await rm(bare, { recursive: true, force: true });
    await git(this.#folder, ["init", "-q", "--bare", "-b", "main", bare]);
    return this.#run(way, mb, ["-C", this.#tree(mb), "push", "-q", this.#address(way, mb), "main"]);
  }

  async #clone(way: Way, mb: number): Promise<number> {
    const tree = join(this.#folder, `clone-${(this.#trees += 1)}`);
    const seconds = await this.#run(way, mb, ["clone", "-q", this.#address(way, mb), tree]);
    await rm(tree, { recursive: true, force: true });
    return seconds;
  }

  #address(way: Way, mb: number): string {
    return way === "broker" ? this.#holder.at(String(mb)) : `${this.#host}/${mb}.git`;
  }

  /** Returns seconds. */
  async #run(way: Way, mb: number, args: readonly string[]): Promise<number> {
    const lease = way === "broker" ? await this.#holder.lease(String(mb)) : "";
    const startedAt = performance.now();
    const { code, said } = await this.#holder.git(lease, ...args);
    if (code !== 0) throw new Error(said);
    return (performance.now() - startedAt) / 1000;
  }
}

function medians(times: Record<Way, readonly number[]>): Measured {
  return { brokerS: median(times.broker), directS: median(times.direct) };
}
