export const INK = "#1f2937";
export const FAINT = "#6b7280";
export const GRID = "#e5e7eb";

interface TextStyle {
  readonly size: number;
  readonly colour: string;
  readonly anchor?: "middle" | "end";
  readonly bold?: boolean;
}

export function text(x: number, y: number, content: string, { size, colour, anchor, bold }: TextStyle): string {
  const more = `${anchor ? ` text-anchor="${anchor}"` : ""}${bold ? ' font-weight="600"' : ""}`;
  return `<text x="${px(x)}" y="${px(y)}" font-size="${size}" fill="${colour}"${more}>${escaped(content)}</text>`;
}

export function stroke(x1: number, y1: number, x2: number, y2: number, colour: string): string {
  return `<line x1="${px(x1)}" y1="${px(y1)}" x2="${px(x2)}" y2="${px(y2)}" stroke="${colour}"/>`;
}

export function dot(x: number, y: number, colour: string): string {
  return `<circle cx="${px(x)}" cy="${px(y)}" r="5" fill="${colour}" stroke="#ffffff" stroke-width="1.5"/>`;
}

function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function escaped(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
