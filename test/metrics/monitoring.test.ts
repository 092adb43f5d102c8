import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { dashboard, DASHBOARD_QUERIES } from "../../scripts/support/dashboard.ts";
import { ROOT } from "../../scripts/support/tools.ts";
import { FAMILIES } from "../../src/metrics/series.ts";

const read = (...path: string[]) => readFile(join(ROOT, "monitoring", ...path), "utf8");

const exposed = new Set(FAMILIES.flatMap(({ series }) => series.map(({ name }) => name)));
/** Returns the names of series and of recorded rules in PromQL. */
const namesIn = (text: string) => text.match(/\b(?:git_operation|sandbox_hours|warmtree[_:])[\w:]*/g) ?? [];

test("rules and their tests ask for nothing that is not exposed or recorded", async () => {
  const rules = await read("rules.yml");
  const recorded = new Set([...rules.matchAll(/record: (\S+)/g)].map(([, name]) => name));
  expect(recorded.size).toBeGreaterThan(0);
  // Descriptions name metrics too, and must name existing ones as well.
  const names = [rules, await read("rules.test.yml"), await read("rules.slow.test.yml"), ...DASHBOARD_QUERIES].flatMap(
    namesIn,
  );
  const known = (name: string) => exposed.has(name) || recorded.has(name) || name === "warmtree-alerts";
  expect(names.filter((name) => !known(name))).toEqual([]);
});

const byText = (one = "", other = "") => (one < other ? -1 : 1);

test("every alert has a test that sees it fire", async () => {
  const alerts = [...(await read("rules.yml")).matchAll(/alert: (\S+)/g)].map(([, name]) => name);
  const tests = `${await read("rules.test.yml")}${await read("rules.slow.test.yml")}`;
  const fired = [...tests.matchAll(/alertname: (\S+)\n\s+exp_alerts:/g)].map(([, name]) => name);
  expect([...new Set(fired)].toSorted(byText)).toEqual(alerts.toSorted(byText));
});

test("Prometheus asks once a minute, with a key from a file", async () => {
  const config = await read("prometheus.yml");
  expect(config).toContain("scrape_interval: 60s");
  expect(config).toContain("credentials_file: metrics-key");
});

test("the dashboard's file is what `npm run monitoring` writes", async () => {
  expect(JSON.parse(await read("grafana", "dashboards", "warmtree.json"))).toEqual(dashboard());
});

test("the dashboard's panels lie side by side", () => {
  const { panels } = dashboard();
  const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`),
  );
  expect(new Set(cells).size).toBe(cells.length);
  expect(Math.max(...panels.map(({ gridPos: { x, w } }) => x + w))).toBe(24);
});
