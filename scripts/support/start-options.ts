import { parseArgs } from "node:util";
import * as z from "zod/v4";

const DEFAULT_PORT = 8787;

export const START_USAGE = `npm start -- [--port <port>] [--json] [--no-demo] [--verbose]

Serves Warmtree on this machine: the Worker in workerd, and, unless E2B_API_KEY is set, a local
sandbox host and a sample git remote. Waits until the pool is warm, runs a self-test (clone, edit,
diff, push), then serves until Ctrl-C.

  --port <port>   port of the Worker on 127.0.0.1 (default: PORT, else ${DEFAULT_PORT})
  --json          report readiness as one JSON object on stdout, {url, key, remotes}; the rest on stderr
  --no-demo       skip the self-test
  --verbose       show everything that the Worker prints, not only warnings and errors

Settings of the Worker are taken from the environment: all that docs/settings.md lists. Without E2B_API_KEY,
those that lead to E2B are the local host's. Where API_KEYS is set, the key that is printed is one more.`;

export interface StartOptions {
  readonly help: boolean;
  readonly port: number;
  readonly json: boolean;
  readonly demo: boolean;
  readonly verbose: boolean;
}

const portSchema = z.coerce.number().int().min(1).max(65_535);

/** Throws an Error with one line for the user when an argument, or PORT, is wrong. */
export function readStartOptions(args: readonly string[], env: NodeJS.ProcessEnv): StartOptions {
  const { values } = parseArgs({
    args: [...args],
    allowNegative: true,
    options: {
      help: { type: "boolean", short: "h", default: false },
      port: { type: "string" },
      json: { type: "boolean", default: false },
      demo: { type: "boolean", default: true },
      verbose: { type: "boolean", default: false },
    },
  });
  const given = values.port ?? env.PORT ?? DEFAULT_PORT;
  const port = portSchema.safeParse(given);
  if (!port.success) throw new Error(`the port must be a whole number from 1 to 65535, not ${given}`);
  const { help, json, demo, verbose } = values;
  return { help, json, demo, verbose, port: port.data };
}
