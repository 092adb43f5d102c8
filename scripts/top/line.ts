type Style = "plain" | "bold" | "dim" | "good" | "bad";

interface Span {
  readonly text: string;
  readonly style: Style;
}

/** A line of the screen, before it is cut to the terminal's width and coloured. */
export type Line = readonly Span[];

/** Text, or text with a style. */
export type Part = string | readonly [style: Style, text: string];

/** Select graphic rendition (ECMA-48). */
const CODES: Readonly<Record<Style, string>> = { plain: "", bold: "1", dim: "2", good: "32", bad: "31" };

export function line(...parts: Part[]): Line {
  return parts.map((part) =>
    typeof part === "string" ? { text: part, style: "plain" } : { style: part[0], text: part[1] },
  );
}

/** Returns a line as it is printed, cut off at `width`. */
export function rendered(spans: Line, width: number, isColored: boolean): string {
  let left = width;
  return spans
    .map(({ text, style }) => {
      const shown = text.slice(0, left);
      left -= shown.length;
      return isColored && style !== "plain" && shown !== "" ? `\u001b[${CODES[style]}m${shown}\u001b[0m` : shown;
    })
    .join("")
    .trimEnd();
}
