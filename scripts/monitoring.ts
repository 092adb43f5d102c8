import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readArguments } from "./support/arguments.ts";
import { dashboard } from "./support/dashboard.ts";
import { ROOT } from "./support/tools.ts";

const USAGE = `npm run monitoring

Writes Grafana's dashboard, monitoring/grafana/dashboards/warmtree.json, anew from scripts/support/dashboard.ts.`;

const { values } = readArguments(USAGE, { options: { help: { type: "boolean", short: "h" } } });
if (values.help) console.log(USAGE);
else {
  const file = join(ROOT, "monitoring", "grafana", "dashboards", "warmtree.json");
  await writeFile(file, `${JSON.stringify(dashboard(), null, 2)}\n`);
}
