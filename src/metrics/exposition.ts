import type { Exemplar } from "./batch.ts";

/** One family, in a form for both formats. */
export interface ExposedFamily {
  /** Includes `_total` and `_info`. */
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram" | "info";
  readonly help: string;
  readonly samples: readonly ExposedSample[];
}

interface ExposedSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly exemplar?: Exemplar;
}

/** Prometheus text format 0.0.4, or OpenMetrics 1.0. */
export type Format = "text" | "openmetrics";

export const CONTENT_TYPES: Readonly<Record<Format, string>> = {
  text: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

/** Formats a scrape. Only OpenMetrics has exemplars. */
export function exposition(families: readonly ExposedFamily[], format: Format): string {
  const text = families.map((family) => familyText(family, format)).join("");
  return format === "openmetrics" ? `${text}# EOF\n` : text;
}

function familyText(family: ExposedFamily, format: Format): string {
  const { name, type, help } = metadata(family, format);
  const samples = family.samples.map((sample) => sampleText(sample, format)).join("");
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${samples}`;
}

/** Returns a family's header. OpenMetrics omits the suffix of its samples; the text format has no type `info`. */
function metadata({ name, type, help }: ExposedFamily, format: Format) {
  if (format === "openmetrics") return { name: name.replace(/_(?:total|info)$/, ""), type, help: escaped(help) };
  return { name, type: type === "info" ? "gauge" : type, help: help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n") };
}

function sampleText({ name, labels, value, exemplar }: ExposedSample, format: Format): string {
  const tail = format === "openmetrics" && exemplar ? exemplarText(exemplar) : "";
  return `${name}${labelText(labels)} ${numberText(value)}${tail}\n`;
}

function exemplarText({ traceId, value, at }: Exemplar): string {
  return ` # ${labelText({ trace_id: traceId })} ${numberText(value)} ${numberText(at / 1000)}`;
}

function labelText(labels: ExposedSample["labels"]): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${escaped(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

/** JavaScript's number format is valid in both formats, except for infinity. */
function numberText(value: number): string {
  if (value === Infinity) return "+Inf";
  return value === -Infinity ? "-Inf" : String(value);
}
