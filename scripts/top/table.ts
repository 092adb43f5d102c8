import { type Line, line, type Part } from "./line.ts";

const GAP = "  ";
const BARS = "▁▂▃▄▅▆▇█";

interface Column {
  readonly heading: string;
  readonly isNumber?: boolean;
}

const textOf = (part: Part) => (typeof part === "string" ? part : part[1]);

/** Returns headings and rows; each column is as wide as its widest cell. */
export function table(columns: readonly (string | Column)[], rows: readonly (readonly Part[])[]): Line[] {
  const full = columns.map((column) => (typeof column === "string" ? { heading: column } : column));
  const lines: (readonly Part[])[] = [full.map(({ heading }): Part => ["dim", heading]), ...rows];
  const widths = full.map((_, index) => Math.max(...lines.map((cells) => textOf(cells[index] ?? "").length)));
  return lines.map((cells) =>
    line(
      ...cells.flatMap((cell, index): Part[] => {
        const width = widths[index] ?? 0;
        const text = full[index]?.isNumber ? textOf(cell).padStart(width) : textOf(cell).padEnd(width);
        return [typeof cell === "string" ? text : [cell[0], text], GAP];
      }),
    ),
  );
}

/** Draws the newest values as bars, one character for each. */
export function spark(values: readonly (number | null)[], width: number): string {
  const shown = values.slice(-width);
  const most = Math.max(...shown.map((value) => value ?? 0));
  return shown.map((value) => (value ? BARS.charAt(Math.ceil((value / most) * BARS.length) - 1) : " ")).join("");
}
