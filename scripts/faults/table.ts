import { KNOWN } from "./known.ts";
import type { Row } from "./drive.ts";
import type { Told, ToldWork } from "./rules.ts";

const BEGIN = "<!-- npm run test:faults -- --write -->";
const END = "<!-- end of the table -->";

const HEADING = ["fault", "operations", "answer", "work", "tries", "called again"];

/** Returns the table in Markdown, with footnotes; operations with equal results for a fault share a line. */
export function markdown(rows: readonly Row[]): string {
  const merged = new Map<string, { cells: string[]; operations: string[] }>();
  for (const row of rows) {
    const { fault, operation, first, tries, again } = row;
    const mark = KNOWN.some((known) => known.fault === fault && known.operation === operation) ? " †" : "";
    const counts = `${tries.sandbox} / ${tries.control} / ${tries.git}`;
    const cells = [answerOf(first), workOf(first.work), counts, answerOf(again)];
    const key = [fault, ...cells].join("|");
    const line = merged.get(key) ?? { cells: [fault, ...cells], operations: [] };
    line.operations.push(`${operation}${mark}`);
    merged.set(key, line);
  }
  const lines = Array.from(merged.values(), ({ cells: [fault = "", ...rest], operations }) =>
    tableLine([fault, operations.join(", "), ...rest]),
  );
  const notes = KNOWN.map(({ fault, operation, reason }) => `† ${fault}, ${operation}: ${reason}`);
  return [
    tableLine(HEADING),
    `|${"---|".repeat(HEADING.length)}`,
    ...lines,
    ...notes.flatMap((note) => ["", note]),
  ].join("\n");
}

/** Returns `page` with the table between its markers. @throws Error if it has no markers */
export function withTable(page: string, table: string): string {
  const [head, rest] = page.split(BEGIN);
  const tail = rest?.split(END)[1];
  if (head === undefined || tail === undefined) throw new Error(`the page has no ${BEGIN} and ${END}`);
  return `${head}${BEGIN}\n\n${table}\n\n${END}${tail}`;
}

const tableLine = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;

function answerOf({ code, retryAfterS }: Told): string {
  return `${code === "ok" || code === "no answer" ? code : `\`${code}\``}${retryAfterS === undefined ? "" : `, ${retryAfterS} s`}`;
}

function workOf(work: ToldWork | undefined): string {
  if (work === undefined) return "";
  const pushed = work.pushed === "unknown" ? "pushed unknown" : work.pushed ? "pushed" : "not pushed";
  return `${work.committed === undefined ? "" : "committed, "}${pushed}, tree ${work.tree}`;
}
