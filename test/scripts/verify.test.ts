import { expect, test } from "vitest";
import { heldIf, mostSeconds, notOffered, only, type Theme } from "../../scripts/verification/check.ts";
import { failures, markdown, totals, withReport } from "../../scripts/verification/report.ts";
import { polled, runChecks } from "../../scripts/verification/run.ts";
import { samplesOf, total } from "../../scripts/verify/metrics-text.ts";

const silent = () => undefined;
const check = (name: string, look: Theme<null>["checks"][number]["look"], withinS?: number) => ({
  name,
  expects: "a | b",
  look,
  ...(withinS !== undefined && { withinS }),
});

const THEMES: readonly Theme<null>[] = [
  {
    name: "one",
    checks: [
      check("well", () => Promise.resolve(heldIf(true, "as\nexpected"))),
      check("badly", () => Promise.resolve(heldIf(false, "another"))),
      check("throws", () => Promise.reject(new Error("the secret broke"))),
      check("hangs", () => new Promise(() => undefined), 0.05),
    ],
  },
  { name: "two", checks: [check("lacks", () => Promise.resolve(notOffered("404")))] },
];

const rowsOf = () => runChecks(THEMES, null, silent, (text) => text.replaceAll("secret", "[key]"));

test("a check that throws or hangs differs, and the others are made all the same", async () => {
  const rows = await rowsOf();
  expect(rows.map(({ verdict, answered }) => [verdict, answered])).toEqual([
    ["ok", "as expected"],
    ["differs", "another"],
    ["differs", "the [key] broke"],
    ["differs", "nothing after 0.05 s"],
    ["not offered", "404"],
  ]);
  expect(failures(rows)).toHaveLength(3);
  expect(totals(rows)).toBe("1 ok, 3 differ, 1 not offered");
});

test("checks are chosen by their names, and bound by their times", () => {
  expect(only(THEMES, "one: b").map(({ name, checks }) => [name, checks.map((each) => each.name)])).toEqual([
    ["one", ["badly"]],
  ]);
  expect(mostSeconds(THEMES)).toBeCloseTo(4 * 60 + 0.05);
});

test("the report is a table, whatever was answered", async () => {
  const at = new Date("2026-01-02T03:04:05Z");
  const text = markdown(await rowsOf(), { against: "here", versions: ["v1"] }, at);
  expect(text).toMatch(/^2026-01-02, against here; v1\. 1 ok, 3 differ, 1 not offered\.\n\n\| check /);
  expect(text).toMatch(/\| one: badly \| a \\\| b \| another \| \*\*differs\*\* \| \d+\.\d\d \|/);
  expect(text).toContain("the \\[key\\] broke");
});

test("it goes between the markers of its command, and nowhere else", () => {
  const page =
    "a\n<!-- npm run x -- --write -->\nold\n<!-- end of x -->\nb\n<!-- npm run y -- --write -->\n<!-- end of y -->\n";
  const written = withReport(page, "x", "new");
  expect(written).toBe(page.replace("\nold\n", "\n\nnew\n\n"));
  expect(withReport(written, "x", "new")).toBe(written);
  expect(() => withReport(page, "z", "new")).toThrow("has no <!-- npm run z");
});

test("polling ends with the first good answer, or with the last that came in time", async () => {
  let asked = 0;
  const ask = () => Promise.resolve(++asked);
  expect(await polled(ask, (count) => count === 3, 10_000)).toBe(3);
  expect(await polled(ask, () => false, 0)).toBe(4);
});

const SCRAPE = '# HELP a_total Things.\n# TYPE a_total counter\na_total{b="1",c="x\\"y"} 2\na_total{b="2",c="z"} 3.5\n';

test("a scrape is read to the letter", () => {
  const samples = samplesOf(SCRAPE);
  expect([total(samples, "a_total"), total(samples, "a_total", { b: "2" })]).toEqual([5.5, 3.5]);
  expect(samples[0]?.labels).toEqual({ b: "1", c: 'x\\"y' });
});

test.each([
  ["no end of line", SCRAPE.trimEnd()],
  ["no number", SCRAPE.replace("3.5", "many")],
  ["an unknown family", `${SCRAPE}b_total 1\n`],
  ["broken labels", SCRAPE.replace('b="2"', "b=2")],
])("a scrape with %s is none", (_, text) => {
  expect(() => samplesOf(text)).toThrow(/not |does not end/);
});
