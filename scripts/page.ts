import { readArguments } from "./support/arguments.ts";
import { buildPage } from "./support/page.ts";

const USAGE = `node scripts/run.mjs scripts/page.ts

Builds the operator's page from src/dashboard into dist/page. wrangler does it by itself before it serves or deploys
([build] in wrangler.toml), and so do the tests.`;

const { values } = readArguments(USAGE, { options: { help: { type: "boolean", short: "h" } } });
if (values.help) console.log(USAGE);
else await buildPage();
