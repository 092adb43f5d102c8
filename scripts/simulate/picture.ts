import { type Axis, logAxis } from "./axis.ts";
import type { Line } from "./compare.ts";
import { placeLabels } from "./labels.ts";
import { dot, FAINT, GRID, INK, stroke, text } from "./svg.ts";

const WIDTH = 1000;
const HEIGHT = 600;
const PLOT = { left: 64, right: 736, top: 76, bottom: HEIGHT - 60 };
const KEY_LEFT = 764;
const KEY_LINE_PX = 19;
/** Place of waits that are too short for a logarithmic axis. */
const LEAST_WAIT_S = 0.01;
const FONT = "system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif";

interface Kind {
  readonly label: string;
  readonly colour: string;
  readonly is: (line: Line) => boolean;
}

/** Meaning of the colours; the first kind that matches applies. */
const KINDS: readonly Kind[] = [
  { label: "Whole systems", colour: "#7c3aed", is: ({ policy }) => policy.endsWith(")") },
  { label: "Learned, paused, with a pool", colour: "#047857", is: (line) => line.pool_j_over_bound !== undefined },
  { label: "Paused when idle", colour: "#2563eb", is: ({ policy }) => policy.includes(", pause") },
  { label: "Killed when idle", colour: "#c2410c", is: () => true },
];

interface Entry {
  readonly x: number;
  readonly y: number;
  readonly number: number;
  readonly name: string;
  readonly kind: Kind | undefined;
}

/** Draws cost against waiting as SVG; both axes are logarithmic. */
export function picture(lines: readonly Line[], title: string): string {
  const costs = lines.map((line) => line.usd_month);
  const waits = lines.map(waitOf);
  const x = logAxis(costs, PLOT.left, PLOT.right);
  const y = logAxis(waits, PLOT.bottom, PLOT.top);
  const byKind = KINDS.flatMap((kind) => lines.filter((line) => kindOf(line) === kind));
  const entries = byKind.map((line, index) => ({
    x: x.at(line.usd_month),
    y: y.at(waitOf(line)),
    number: index + 1,
    name: nameInKey(line.policy),
    kind: kindOf(line),
  }));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="${FONT}">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    text(PLOT.left, 34, title, { size: 18, colour: INK, bold: true }),
    text(PLOT.left, 55, "Nearer to the lower left is better.", { size: 12.5, colour: FAINT }),
    ...gridOf(x, y),
    ...entries.map((entry) => dot(entry.x, entry.y, entry.kind?.colour ?? INK)),
    ...placeLabels(entries).map((label) => text(label.x, label.y, label.text, { size: 11.5, colour: INK })),
    ...keyOf(entries),
    "</svg>",
    "",
  ].join("\n");
}

function waitOf(line: Line): number {
  return Math.max(LEAST_WAIT_S, line.mean_wait_s);
}

function kindOf(line: Line): Kind | undefined {
  return KINDS.find((kind) => kind.is(line));
}

/** Returns the policy's name without the words of the heading above it. */
function nameInKey(policy: string): string {
  return policy.replace(/ \(.*|^learned, pause, (?=pool)/, "").replace(/, (?:pause|kill)\b/, "");
}

function gridOf(x: Axis, y: Axis): string[] {
  const { left, right, top, bottom } = PLOT;
  const middle = (top + bottom) / 2;
  const tickStyle = { size: 12, colour: FAINT } as const;
  const axisStyle = { size: 13, colour: INK, anchor: "middle" } as const;
  return [
    ...x.ticks.flatMap((tick) => [
      stroke(x.at(tick), top, x.at(tick), bottom, GRID),
      text(x.at(tick), bottom + 18, `$${tick.toLocaleString("en-US")}`, { ...tickStyle, anchor: "middle" }),
    ]),
    ...y.ticks.flatMap((tick) => [
      stroke(left, y.at(tick), right, y.at(tick), GRID),
      text(left - 8, y.at(tick) + 4, `${tick} s`, { ...tickStyle, anchor: "end" }),
    ]),
    stroke(left, bottom, right, bottom, FAINT),
    stroke(left, top, left, bottom, FAINT),
    text((left + right) / 2, HEIGHT - 16, "Running sandboxes, US dollars for 30 days (logarithmic)", axisStyle),
    `<g transform="rotate(-90 16 ${middle})">`,
    text(16, middle, "Waiting in a session, seconds (logarithmic)", axisStyle),
    "</g>",
  ];
}

/** Draws the names of the numbers, grouped by colour. */
function keyOf(entries: readonly Entry[]): string[] {
  let y = PLOT.top - KEY_LINE_PX / 2;
  return KINDS.flatMap((kind) => {
    const own = entries.filter((entry) => entry.kind === kind);
    if (own.length === 0) return [];
    y += KEY_LINE_PX / 2;
    const heading = [
      dot(KEY_LEFT + 5, y, kind.colour),
      text(KEY_LEFT + 18, y + 4, kind.label, { size: 12, colour: INK, bold: true }),
    ];
    const names = own.flatMap(({ number, name }) => {
      y += KEY_LINE_PX;
      return [
        text(KEY_LEFT + 34, y + 4, String(number), { size: 12, colour: FAINT, anchor: "end" }),
        text(KEY_LEFT + 42, y + 4, name, { size: 12, colour: INK }),
      ];
    });
    y += KEY_LINE_PX;
    return [...heading, ...names];
  });
}
