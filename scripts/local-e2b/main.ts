#!/usr/bin/env node
import { parseArgs } from "node:util";
import * as z from "zod/v4";
import { type LocalHost, startLocalHost } from "./host.ts";

const DEFAULT_PORT = 4980;

const HELP = `A sandbox host that speaks E2B's API on one port of 127.0.0.1.

  --port N             port to listen on; 0 takes any free one (default ${DEFAULT_PORT})
  --root DIR           where sandboxes keep their files while they live (default: the system's temporary directory)
  --isolation MODE     auto: namespaces where this machine allows them; none: plain processes (default auto)
  --json               print one JSON line when ready: {"url","root","isolation","layered","egress","warnings"}
  --help               print this

Ctrl-C ends every process it started and removes every file it made.`;

const flags = z.strictObject({
  port: z.coerce.number().int().min(0).max(65_535).default(DEFAULT_PORT),
  root: z.string().min(1).optional(),
  isolation: z.enum(["auto", "none"]).default("auto"),
  json: z.boolean().default(false),
  help: z.boolean().default(false),
});

try {
  await main();
} catch (error) {
  console.error(
    error instanceof z.ZodError ? z.prettifyError(error) : String(error instanceof Error ? error.message : error),
  );
  process.exitCode = 1;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: "string" },
      root: { type: "string" },
      isolation: { type: "string" },
      json: { type: "boolean" },
      help: { type: "boolean" },
    },
  });
  const { help, json, root, ...options } = flags.parse(values);
  if (help) {
    console.log(HELP);
    return;
  }
  const starting = startLocalHost({
    ...options,
    ...(root === undefined ? {} : { root }),
    // Standard output is only for the ready line.
    log: (line) => console.error(`warning: ${line}`),
  });
  endOnSignal(starting);
  const host = await starting;
  const { url, root: place, isolation, layered, egress, warnings } = host;
  if (json) console.log(JSON.stringify({ url, root: place, isolation, layered, egress, warnings }));
  else console.log(`ready ${url}\nexport E2B_API_URL=${url} E2B_SANDBOX_URL=${url} E2B_API_KEY=local`);
}

/**
 * Closes the host at the first signal, ignores later ones: a terminal's Ctrl-C comes twice, directly and through npm.
 */
function endOnSignal(starting: Promise<LocalHost>): void {
  let ending = false;
  const end = async (): Promise<void> => {
    if (ending) return;
    ending = true;
    try {
      const host = await starting;
      await host.close();
      process.exit(0);
    } catch (error) {
      console.error(`the local host did not end cleanly: ${String(error)}`);
      process.exit(1);
    }
  };
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => void end());
}
