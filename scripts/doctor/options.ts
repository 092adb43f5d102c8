import { parseArgs } from "node:util";
import * as z from "zod/v4";
import { DEV_KEY } from "../support/client.ts";

export const DOCTOR_USAGE = `npm run doctor -- --url <address> [--key <key>] [--json]

Looks at a Warmtree after a deployment, in under ten seconds: whether it is reached, its version and settings, the keys,
E2B, the pool, the git hosts, the budget, the template and its weekly build. Each line says ok, what is missing or what is
advised, and the command that mends it. It changes nothing and costs nothing; npm run verify is thorough.
Exit code 1 when something is missing.

  --url <address>   of the Worker, as wrangler deploy printed it
  --key <key>       an API key (default: WARMTREE_KEY or OPERATOR_KEY of the environment, which other users of the machine
                    cannot see; on this machine else ${DEV_KEY})
  --json            one JSON object on stdout: {ok, url, checks: [{name, verdict, found, mend?}]}`;

export interface DoctorOptions {
  readonly help: boolean;
  readonly json: boolean;
  readonly url: string;
  /** undefined: no key was given. */
  readonly key: string | undefined;
}

const address = z.url({ protocol: /^https?$/ });
const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/;

/** Throws an Error with one line for the user when an argument is wrong. */
export function readDoctorOptions(args: readonly string[], env: NodeJS.ProcessEnv): DoctorOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: "boolean", short: "h", default: false },
      json: { type: "boolean", default: false },
      url: { type: "string" },
      key: { type: "string" },
    },
  });
  const { help, json } = values;
  if (help) return { help, json, url: "", key: undefined };
  const url = address.safeParse(values.url);
  if (!url.success) throw new Error(`--url is an address such as https://warmtree.example, not '${values.url ?? ""}'`);
  const { protocol, hostname } = new URL(url.data);
  const isLoopback = LOOPBACK.test(hostname);
  if (protocol === "http:" && !isLoopback) throw new Error("--url begins with https: the key would be read on the way");
  const key = values.key ?? env.WARMTREE_KEY ?? env.OPERATOR_KEY ?? (isLoopback ? DEV_KEY : undefined);
  return { help, json, url: url.data.replace(/\/+$/, ""), key };
}
