import { readArguments } from "./support/arguments.ts";
import { FORMATTED } from "./support/formatted.ts";
import { formatShell } from "./support/shell-files.ts";
import { runTool } from "./support/tools.ts";

const USAGE = `npm run format

Brings TypeScript and shell files into their form.`;

const { values } = readArguments(USAGE, { options: { help: { type: "boolean", short: "h" } } });
if (values.help) console.log(USAGE);
else {
  await formatShell();
  const { ok, output } = await runTool("oxfmt", [...FORMATTED, "vitest.config.ts"]);
  console.log(output.trim());
  if (!ok) process.exitCode = 1;
}
