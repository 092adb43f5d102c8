import { parseArgs } from "node:util";
import * as z from "zod/v4";
import { RANGES } from "../../src/metrics/ranges.ts";

export const TOP_USAGE = `npm run top -- [--url <address>] [--minutes 5|15|60] [--once] [--json]

What the page at / shows, in a terminal: sandboxes, hit rate, operations, latency, failures, spend, the newest
operations and the workspaces. The key comes from the environment, OPERATOR_KEY; a Worker on this machine
that has none asks for none. Exit code 1 when there is no answer.

  --url <address>   of the Worker (default: http://127.0.0.1:8787)
  --minutes <n>     how far to look back: 5, 15 or 60 (default: 5)
  --once            print it once, as plain text; so does any output that is no terminal
  --json            print the API's answers, one object a line; with --once one

Keys: 1, 2, 3 look back 5, 15, 60 minutes; w shows workspaces, o operations; q quits.`;

export type Minutes = (typeof RANGES)[number];

export interface TopOptions {
  readonly help: boolean;
  readonly url: string;
  readonly minutes: Minutes;
  readonly once: boolean;
  readonly json: boolean;
  readonly key: string | undefined;
}

const urlSchema = z.url({ protocol: /^https?$/ });
const minutesSchema = z.coerce.number().pipe(z.literal(RANGES));

/** Throws an Error with one line for the user when an argument is wrong. */
export function readTopOptions(args: readonly string[], env: NodeJS.ProcessEnv): TopOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: "boolean", short: "h", default: false },
      url: { type: "string", default: "http://127.0.0.1:8787" },
      minutes: { type: "string", default: "5" },
      once: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
    },
  });
  const { help, once, json } = values;
  const url = urlSchema.safeParse(values.url);
  if (!url.success) throw new Error(`--url is an address such as https://warmtree.example, not '${values.url}'`);
  const minutes = minutesSchema.safeParse(values.minutes);
  if (!minutes.success) throw new Error(`--minutes is one of ${RANGES.join(", ")}, not '${values.minutes}'`);
  return { help, once, json, url: url.data.replace(/\/+$/, ""), minutes: minutes.data, key: env.OPERATOR_KEY };
}
