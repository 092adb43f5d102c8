import { readArguments } from "./support/arguments.ts";
import { runChecks } from "./support/checks.ts";

const USAGE = `npm run check

Static checks: generated types, typecheck, lint, format, unused code. One line each; the output of
those that fail. Exit code 1 when one fails.`;

const { values } = readArguments(USAGE, { options: { help: { type: "boolean", short: "h" } } });
if (values.help) console.log(USAGE);
else if ((await runChecks()).failed > 0) process.exitCode = 1;
