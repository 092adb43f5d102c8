import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ExposedFamily, exposition, type Format } from "../../src/metrics/exposition.ts";
import { exposedFamilies } from "../../src/metrics/scrape.ts";
import { FAMILIES } from "../../src/metrics/series.ts";

const FORMATS: readonly Format[] = ["text", "openmetrics"];

interface ReadSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly exemplar: string | undefined;
}

const UNESCAPED: Readonly<Record<string, string>> = { "\\\\": "\\", '\\"': '"', "\\n": "\n" };
const unescaped = (text: string) => text.replaceAll(/\\[\\"n]/g, (pair) => UNESCAPED[pair] ?? "");

/**
 * Reads samples by the formats' grammars, independently of the code under test. Throws on a line that does not match.
 */
function read(text: string): { samples: ReadSample[]; helps: string[] } {
  expect(text.endsWith("\n")).toBe(true);
  const lines = text.slice(0, -1).split("\n");
  const samples = lines
    .filter((line) => !line.startsWith("#"))
    .map((line) => {
      const match = /^([a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\]|\\[\\"n])*",?)*)\})? (\S+)(?: # (.+))?$/.exec(line);
      if (!match) throw new Error(`not a sample: ${line}`);
      const pairs = [...(match[2] ?? "").matchAll(/([a-z_]+)="((?:[^"\\]|\\[\\"n])*)"/g)];
      return {
        name: match[1] ?? "",
        labels: Object.fromEntries(pairs.map(([, label, value]) => [label, unescaped(value ?? "")])),
        value: Number(match[3]?.replace("Inf", "Infinity")),
        exemplar: match[4],
      };
    });
  const helps = lines.filter((line) => line.startsWith("# HELP ")).map((line) => line.split(" ").slice(3).join(" "));
  return { samples, helps };
}

const anyText = fc.string({ unit: "binary" }).filter((text) => !text.includes("\r"));
const family = fc.record<ExposedFamily>({
  name: fc.constant("warmtree_a_total"),
  type: fc.constant("counter"),
  help: anyText,
  samples: fc.array(
    fc.record({
      name: fc.constant("warmtree_a_total"),
      labels: fc.record({ one: anyText, two: anyText }),
      value: fc.double(),
    }),
  ),
});

describe.each(FORMATS)("%s", (format) => {
  test("says any label, help and number so that a reader gets it back", () => {
    fc.assert(
      fc.property(family, (given) => {
        const { samples, helps } = read(exposition([given], format));
        expect(samples.map(({ labels }) => labels)).toEqual(given.samples.map(({ labels }) => ({ ...labels })));
        // Makes minus zero equal to zero, as it is to a reader.
        expect(samples.map(({ value }) => value + 0)).toEqual(given.samples.map(({ value }) => value + 0));
        expect(helps.map(unescaped)).toEqual([given.help]);
      }),
    );
  });

  test("shows every declared series once, in families, 0 where nothing was recorded", () => {
    const text = exposition(exposedFamilies({ counts: new Map(), exemplars: new Map(), samples: [] }, 0), format);
    const { samples } = read(text);
    const declared = FAMILIES.flatMap(({ series }) => series.map(({ name, labels }) => ({ name, labels })));
    expect(samples.map(({ name, labels }) => ({ name, labels }))).toEqual(declared);
    expect(new Set(samples.filter(({ name }) => name !== "warmtree_build_info").map(({ value }) => value))).toEqual(
      new Set([0]),
    );
    const comments = text.split("\n").filter((line) => line.startsWith("# HELP") || line.startsWith("# TYPE"));
    expect(comments).toHaveLength(FAMILIES.length * 2);
  });
});

const duration = "git_operation_duration_seconds";
const exemplar = { traceId: "0af7651916cd43dd8448eb211c80319c", value: 0.3, at: 1_700_000_000_500 };
const some = exposedFamilies(
  {
    counts: new Map([
      ['git_operations_total{operation="clone",status="started"}', 3],
      [`${duration}_bucket{operation="clone",le="0.5"}`, 2],
      [`${duration}_bucket{operation="clone",le="+Inf"}`, 1],
      [`${duration}_sum{operation="clone"}`, 1000.7],
    ]),
    exemplars: new Map([[`${duration}_bucket{operation="clone",le="0.5"}`, exemplar]]),
    samples: [],
  },
  0,
);
const linesOf = (format: Format) => exposition(some, format).split("\n");

test("text names families as their samples, and knows neither info, exemplars nor an end", () => {
  const lines = linesOf("text");
  expect(lines).toEqual(
    expect.arrayContaining([
      "# TYPE git_operations_total counter",
      'git_operations_total{operation="clone",status="started"} 3',
      "# TYPE warmtree_build_info gauge",
      `${duration}_bucket{operation="clone",le="0.25"} 0`,
      `${duration}_bucket{operation="clone",le="0.5"} 2`,
      `${duration}_bucket{operation="clone",le="300.0"} 2`,
      `${duration}_bucket{operation="clone",le="+Inf"} 3`,
      `${duration}_sum{operation="clone"} 1000.7`,
      `${duration}_count{operation="clone"} 3`,
    ]),
  );
  expect(lines.filter((line) => line.includes(" # ") || line === "# EOF")).toEqual([]);
});

test("OpenMetrics names families without their samples' suffix, gives examples, and ends", () => {
  const lines = linesOf("openmetrics");
  expect(lines).toEqual(
    expect.arrayContaining([
      "# TYPE git_operations counter",
      'git_operations_total{operation="clone",status="started"} 3',
      "# TYPE warmtree_build info",
      `${duration}_bucket{operation="clone",le="0.5"} 2 # {trace_id="${exemplar.traceId}"} 0.3 1700000000.5`,
      `${duration}_bucket{operation="clone",le="1.0"} 2`,
    ]),
  );
  expect(lines.slice(-2)).toEqual(["# EOF", ""]);
});

test("escapes quotes in HELP for OpenMetrics alone", () => {
  const quoted: ExposedFamily = { name: "a", type: "gauge", help: 'say "a\\b"\n', samples: [] };
  expect(exposition([quoted], "text")).toContain('# HELP a say "a\\\\b"\\n\n');
  expect(exposition([quoted], "openmetrics")).toContain('# HELP a say \\"a\\\\b\\"\\n\n');
});
