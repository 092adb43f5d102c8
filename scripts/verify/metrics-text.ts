/** One line of a scrape. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (NaN|[+-]?Inf|[-+0-9.eE]+)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/y;

/** Parses Prometheus' text format 0.0.4 strictly. @throws Error with the invalid line */
export function samplesOf(text: string): Sample[] {
  const typed = new Set<string>();
  const samples: Sample[] = [];
  if (!text.endsWith("\n")) throw new Error("the scrape does not end with a line's end");
  for (const line of text.slice(0, -1).split("\n")) {
    const [, type] = /^# TYPE (\S+) (?:counter|gauge|histogram)$/.exec(line) ?? [];
    if (type !== undefined) typed.add(type);
    else if (!/^# HELP \S+ ./.test(line)) samples.push(sampleOf(line, typed));
  }
  return samples;
}

function sampleOf(line: string, typed: ReadonlySet<string>): Sample {
  const [, name = "", labels = "", value = ""] = SAMPLE.exec(line) ?? [];
  const isTyped = typed.has(name) || typed.has(name.replace(/_(?:bucket|sum|count)$/, ""));
  if (!isTyped) throw new Error(`not a sample of a family that was introduced: ${line}`);
  return { name, labels: labelsOf(labels), value: Number(value.replace("Inf", "Infinity")) };
}

function labelsOf(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  for (let at = 0; at < text.length; at = LABEL.lastIndex) {
    LABEL.lastIndex = at;
    const [, name, value] = LABEL.exec(text) ?? [];
    if (name === undefined || value === undefined) throw new Error(`not labels: ${text}`);
    labels[name] = value;
  }
  return labels;
}

/** Returns the sum of a family's samples that have these labels. */
export function total(samples: readonly Sample[], name: string, labels: Readonly<Record<string, string>> = {}): number {
  return samples
    .filter((sample) => sample.name === name)
    .filter((sample) => Object.entries(labels).every(([label, value]) => sample.labels[label] === value))
    .reduce((sum, { value }) => sum + value, 0);
}
