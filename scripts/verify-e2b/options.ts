import { parseArgs } from "node:util";

export const VERIFY_E2B_USAGE = `npm run verify:e2b -- [--url <address>] [--sandbox-url <address>] [--key <key>] [--json] [--write]

Checks each fact of E2B's API that Warmtree relies on, and prints what was expected and answered: the control
plane (create, list, time, pause, snapshots, templates, errors) and the sandboxes (processes, input, files).
All that it makes it removes. Without an E2B key: on the local sandbox host, which it starts.
Exit code 1 when a check differs.

  --url <address>          of the control plane (default: E2B_API_URL, else E2B's own)
  --sandbox-url <address>  of all sandboxes (default: E2B_SANDBOX_URL, else E2B's own)
  --key <key>              (default: E2B_API_KEY, which other users of the machine cannot see)
  --template <name>        what sandboxes start from (default: base)
  --only <text>            checks whose name has this text; the end is always checked
  --json                   one JSON object on stdout: {ok, against, versions, checks: [{theme, name, expects, answered, verdict, seconds}]}
  --write                  puts the report into docs/verified.md

E2B_DOMAIN names another E2B.`;

export interface VerifyE2bOptions {
  readonly help: boolean;
  readonly json: boolean;
  readonly write: boolean;
  readonly only: string;
  readonly template: string;
  /** Settings of src/config.ts; without a key, the local host is used. */
  readonly settings: Readonly<Record<string, string>>;
}

/** Throws an Error with one line for the user when an argument is wrong. */
export function readVerifyE2bOptions(args: readonly string[], env: NodeJS.ProcessEnv): VerifyE2bOptions {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: "boolean", short: "h", default: false },
      json: { type: "boolean", default: false },
      write: { type: "boolean", default: false },
      only: { type: "string", default: "" },
      template: { type: "string", default: "base" },
      url: text,
      "sandbox-url": text,
      key: text,
    },
  });
  const { help, json, write, only, template, url, key } = values;
  const given = {
    E2B_API_KEY: key ?? env.E2B_API_KEY,
    E2B_API_URL: url ?? env.E2B_API_URL,
    E2B_SANDBOX_URL: values["sandbox-url"] ?? env.E2B_SANDBOX_URL,
    E2B_DOMAIN: env.E2B_DOMAIN,
  };
  const settings: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) if (value) settings[name] = value;
  if (settings.E2B_API_KEY === undefined && (settings.E2B_API_URL ?? settings.E2B_SANDBOX_URL) !== undefined) {
    throw new Error("an address without a key: give --key, or set E2B_API_KEY");
  }
  return { help, json, write, only, template, settings };
}
