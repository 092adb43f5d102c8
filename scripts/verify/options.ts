import { parseArgs } from "node:util";
import * as z from "zod/v4";
import { DEV_KEY } from "../support/client.ts";

export const VERIFY_USAGE = `npm run verify -- [--url <address> --key <key>] [--repo <address>] [--json] [--write] [--yes]

Checks a Warmtree that serves: the main job over HTTP and MCP, races, time limits, pause and resume, snapshots,
the pool and the metrics; plain git says whether it is true. Tells beforehand what it can take and cost. All
that it makes it removes: workspaces, and branches whose name has verify-<random>. Without --url it starts a
Warmtree of its own on this machine. Exit code 1 when a check differs.

  --url <address>       of the Worker
  --key <key>           an API key (default: WARMTREE_KEY, which other users of the machine cannot see; else ${DEV_KEY})
  --repo <address>      a repository with a commit that may be written to, such as npm start prints; without it a
                        sample remote is started, for a Worker on this machine that allows 127.0.0.1 with its port
  --git-token <token>   for that repository (default: GIT_TOKEN)
  --yes                 goes on where the Worker is not on this machine
  --only <text>         checks whose name has this text; the end is always checked
  --json                one JSON object on stdout: {ok, against, versions, checks: [{theme, name, expects, answered, verdict, seconds}]}
  --write               puts the report into docs/verified.md

Ctrl-C removes first what was made. A run that is killed leaves its workspaces to the keeping rules (docs/pool.md);
GET /v1/workspaces lists them. With an operator's key it also builds and promotes a version of the sandbox template, as
the weekly cron does.

OPERATOR_KEY and METRICS_KEY open what the operator's page and a scraper read; without them the API key is tried.`;

export interface VerifyOptions {
  readonly help: boolean;
  readonly json: boolean;
  readonly write: boolean;
  readonly yes: boolean;
  readonly only: string;
  /** Absent: a Warmtree that this command starts. */
  readonly url: string | undefined;
  readonly key: string;
  readonly repo: string | undefined;
  readonly gitToken: string | undefined;
  readonly operatorKey: string | undefined;
  readonly metricsKey: string | undefined;
  /** Whether the Worker is on this machine. */
  readonly isLoopback: boolean;
}

const address = z.url({ protocol: /^https?$/ });
const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/;

/** Throws an Error with one line for the user when an argument is wrong. */
export function readVerifyOptions(args: readonly string[], env: NodeJS.ProcessEnv): VerifyOptions {
  const text = { type: "string" } as const;
  const flag = { type: "boolean", default: false } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { ...flag, short: "h" },
      json: flag,
      write: flag,
      yes: flag,
      only: { ...text, default: "" },
      url: text,
      key: text,
      repo: text,
      "git-token": text,
    },
  });
  for (const name of ["url", "repo"] as const) {
    if (values[name] !== undefined && !address.safeParse(values[name]).success) {
      throw new Error(`--${name} is an address such as https://warmtree.example, not '${values[name]}'`);
    }
  }
  const { help, json, write, yes, only, repo } = values;
  const url = values.url?.replace(/\/+$/, "");
  const isLoopback = url === undefined || LOOPBACK.test(new URL(url).hostname);
  if (!isLoopback && repo === undefined) throw new Error("--repo is needed: that Worker reaches none of this machine");
  if (url === undefined && repo !== undefined) throw new Error("--repo goes with --url");
  return {
    help,
    json,
    write,
    yes,
    only,
    url,
    repo,
    isLoopback,
    key: values.key ?? env.WARMTREE_KEY ?? DEV_KEY,
    gitToken: values["git-token"] ?? env.GIT_TOKEN,
    operatorKey: env.OPERATOR_KEY,
    metricsKey: env.METRICS_KEY,
  };
}
