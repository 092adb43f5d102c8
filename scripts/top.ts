import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "./top/client.ts";
import { frameOf, newestLines } from "./top/frame.ts";
import { rendered } from "./top/line.ts";
import { EVERY_MS, live } from "./top/live.ts";
import { readTopOptions, TOP_USAGE, type TopOptions } from "./top/options.ts";

/** Width of the output if it is not a terminal. */
const DEFAULT_WIDTH = 100;

// The reader may close the pipe early (`| head`).
process.stdout.on("error", () => process.exit());
process.exitCode = await main();

async function main(): Promise<number> {
  try {
    const options = readTopOptions(process.argv.slice(2), process.env);
    if (options.help) console.log(TOP_USAGE);
    else if (options.json) await printJson(options);
    else if (options.once || !process.stdout.isTTY) await printOnce(options);
    else await live(new Client(options), options.minutes, process.stdout, process.stdin);
    return 0;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return 1;
  }
}

async function printJson(options: TopOptions): Promise<void> {
  const client = new Client(options);
  do {
    console.log(JSON.stringify(await client.overview(options.minutes)));
    if (!options.once) await sleep(EVERY_MS);
  } while (!options.once);
}

/** Prints plain text for a file or another program. */
async function printOnce(options: TopOptions): Promise<void> {
  const overview = await new Client(options).overview(options.minutes);
  const lines = [...frameOf(overview, process.stdout.columns ?? DEFAULT_WIDTH), [], ...newestLines(overview)];
  for (const line of lines) console.log(rendered(line, Infinity, false));
}
