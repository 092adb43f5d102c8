import { parseArgs } from "node:util";

interface Options {
  readonly url: string;
  readonly key: string;
  readonly repository: string;
}

/** Returns an example's arguments. Ends the process if it was asked for help or an argument is wrong. */
export function readOptions(usage: string): Options {
  const { values, positionals } = parseArgs({
    options: { help: { type: "boolean", short: "h" } },
    allowPositionals: true,
  });
  const [repository, ...others] = positionals;
  if (values.help || repository === undefined || others.length > 0) {
    (values.help ? console.log : console.error)(usage);
    process.exit(values.help ? 0 : 1);
  }
  // The defaults of npm start.
  const { WARMTREE_URL: url = "http://127.0.0.1:8787", WARMTREE_KEY: key = "dev" } = process.env;
  return { url, key, repository };
}
