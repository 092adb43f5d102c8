import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod/v4";
import { Cleanups } from "../support/cleanups.ts";
import { readArguments } from "../support/arguments.ts";
import type { WanLink } from "../harness/wan/proxy.ts";
import { signMs } from "./broker/signatures.ts";
import { type Measured, Subjects } from "./broker/subjects.ts";

const USAGE = `npm run bench:broker -- [--runs <n>] [--mb <n>] [--json]

How long git takes to clone and to push through the broker, beside the same git that talks to the git host itself, in
turns. The Worker is the bundled one in bare workerd, on this machine; between it, or git, and the git host is a proxy
with 50 ms of round trip and 200 Mbit/s each way. Medians. The memory is the Worker's largest while 1 and 90 MB are
pushed and cloned. A signature is one request with a lease, without the way to the Worker. Exit code 1 when a clone or a push takes more than 1.15 times as long, or the memory grows. Linux only.

  --runs <n>   runs of each (default: 5)
  --mb <n>     size of the pack (default: 20)
  --json       {clone: {ratio, broker_s, direct_s}, push: {…}, sign_ms, cpu_ms_per_100mb, memory_mib: {"1": …, "90": …}}`;

const LINK: WanLink = { rttMs: 50, mbitPerSecond: 200 };
const MAX_RATIO = 1.15;
/** A Worker that held the pack in memory would grow by nine times as much. */
const MAX_GROWTH_MIB = 10;

const { values } = readArguments(USAGE, {
  options: {
    help: { type: "boolean", short: "h" },
    runs: { type: "string", default: "5" },
    mb: { type: "string", default: "20" },
    json: { type: "boolean", default: false },
  },
});
const number = z.coerce.number().int().min(1).max(90);
if (values.help) console.log(USAGE);
else process.exitCode = await bench(number.parse(values.runs), number.parse(values.mb), values.json);

async function bench(runs: number, mb: number, json: boolean): Promise<number> {
  const cleanups = new Cleanups();
  try {
    const folder = await mkdtemp(join(tmpdir(), "warmtree-bench-broker-"));
    cleanups.add(() => rm(folder, { recursive: true, force: true }));
    const subjects = await Subjects.start(folder, LINK, cleanups);
    const { clone, push, cpuMsPer100Mb } = await subjects.compare(mb, runs, (text) => console.error(text));
    const memory = { "1": await subjects.memoryMib(1), "90": await subjects.memoryMib(90) };
    const result = {
      clone: told(clone),
      push: told(push),
      sign_ms: rounded(await signMs(cleanups)),
      cpu_ms_per_100mb: Math.round(cpuMsPer100Mb),
      memory_mib: { "1": rounded(memory["1"]), "90": rounded(memory["90"]) },
    };
    if (json) console.log(JSON.stringify(result));
    else console.log(lines(result, mb).join("\n"));
    const isFlat = memory["90"] - memory["1"] <= MAX_GROWTH_MIB;
    return isFlat && [result.clone, result.push].every(({ ratio }) => ratio <= MAX_RATIO) ? 0 : 1;
  } finally {
    await cleanups.run();
  }
}

interface Told {
  readonly ratio: number;
  readonly broker_s: number;
  readonly direct_s: number;
}

function told({ brokerS, directS }: Measured): Told {
  return { ratio: rounded(brokerS / directS), broker_s: rounded(brokerS), direct_s: rounded(directS) };
}

interface Result {
  readonly clone: Told;
  readonly push: Told;
  readonly sign_ms: number;
  readonly cpu_ms_per_100mb: number;
  readonly memory_mib: Readonly<Record<"1" | "90", number>>;
}

function lines(
  { clone, push, sign_ms: sign, cpu_ms_per_100mb: cpu, memory_mib: memory }: Result,
  mb: number,
): string[] {
  const line = (name: string, { ratio, broker_s, direct_s }: Told) =>
    `${name} of ${mb} MB: ${broker_s} s through the broker, ${direct_s} s without, ratio ${ratio}`;
  return [
    line("clone", clone),
    line("push", push),
    `signature: ${sign} ms`,
    `processor time of the Worker: ${cpu} ms for 100 MB`,
    `memory of the Worker: ${memory["1"]} MiB for 1 MB, ${memory["90"]} MiB for 90 MB`,
  ];
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
