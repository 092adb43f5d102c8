import { describe, expect, expectTypeOf, test } from "vitest";
import { ERROR_KINDS } from "../../src/errors.ts";
import { CATALOGUE, DURATION_BOUNDS } from "../../src/metrics/catalogue.ts";
import { COUNTED, FAMILIES, type Labels, type RecordedCounter, seriesOf } from "../../src/metrics/series.ts";
import { TOTAL_SERIES } from "./support.ts";

const MOST_SERIES = 250;

const series = FAMILIES.flatMap((family) => family.series);
const seriesIn = (...names: string[]) =>
  FAMILIES.filter(({ name }) => names.includes(name)).flatMap((family) => family.series).length;

describe("the catalogue", () => {
  test("holds a constant number of series", () => {
    expect(series).toHaveLength(TOTAL_SERIES);
    expect(series.length).toBeLessThanOrEqual(MOST_SERIES);
    const names = series.map(({ name, labels }) => JSON.stringify([name, labels]));
    expect(new Set(names).size).toBe(TOTAL_SERIES);
  });

  test("holds 42 series of operations and errors: 6×3 + 6×4", () => {
    expect(seriesIn("git_operations_total")).toBe(18);
    expect(seriesIn("git_operation_errors_total")).toBe(24);
  });

  test("has an error type for every error, and no other", () => {
    const types = new Set(Object.values(ERROR_KINDS).map(({ type }) => type));
    expect(new Set(CATALOGUE.git_operation_errors_total.labels.error_type)).toEqual(types);
  });

  test("names things as Prometheus and the plan ask", () => {
    for (const { name, type, help } of FAMILIES) {
      expect(name).toMatch(/^(?:git_operation[a-z_]*|sandbox_hours_total|warmtree_[a-z_]+)$/);
      expect(name.endsWith("_total")).toBe(type === "counter");
      expect(name.endsWith("_info")).toBe(type === "info");
      expect(help).toMatch(/^[A-Z].*\.$/);
    }
  });

  test("has label values that need no escaping", () => {
    const values = series.flatMap(({ labels }) => Object.values(labels));
    for (const value of values) expect(value).toMatch(/^[\w.+-]+$/);
  });

  test("has bounds in order, and buckets that end with everything", () => {
    expect([...DURATION_BOUNDS].sort((a, b) => a - b)).toEqual(DURATION_BOUNDS);
    const buckets = series.filter(({ labels }) => labels["operation"] === "clone" && labels["le"] !== undefined);
    expect(buckets.map(({ labels }) => Number(labels["le"]?.replace("+Inf", "Infinity")))).toEqual([
      ...DURATION_BOUNDS,
      Infinity,
    ]);
  });

  test("lets nothing be counted that it does not declare", () => {
    expectTypeOf<RecordedCounter>().toEqualTypeOf<
      | "git_operations_total"
      | "git_operation_errors_total"
      | "warmtree_failures_total"
      | "warmtree_claims_total"
      | "warmtree_metrics_flush_failures_total"
      | "warmtree_metrics_flushes_lost_total"
    >();
    expectTypeOf<Labels<"git_operations_total">>().toEqualTypeOf<{
      readonly operation: "clone" | "status" | "diff" | "pull" | "push" | "other";
      readonly status: "started" | "success" | "failure";
    }>();
  });

  test("gives a series one name, in whatever order its labels are named", () => {
    const name = 'git_operations_total{operation="pull",status="failure"}';
    expect(seriesOf("git_operations_total", { status: "failure", operation: "pull" })).toBe(name);
    expect(COUNTED).toContain(name);
  });
});
