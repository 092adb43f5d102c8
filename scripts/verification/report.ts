import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ROOT } from "../support/tools.ts";
import type { Row } from "./run.ts";

const PAGE = "docs/verified.md";

/** The service that a run checked. */
export interface Subject {
  /** Description in words, without keys. */
  readonly against: string;
  /** Known versions of both sides. */
  readonly versions: readonly string[];
}

export const failures = (rows: readonly Row[]) => rows.filter(({ verdict }) => verdict === "differs");

/** Returns one line for a terminal, at the end of a check. */
export function progressLine({ theme, name, verdict, answered, seconds }: Row): string {
  return `${verdict.padEnd(11)} ${seconds.toFixed(2).padStart(6)} s  ${theme}: ${name}: ${answered}`;
}

/** Returns the number of checks for each result. */
export function totals(rows: readonly Row[]): string {
  const counts = Map.groupBy(rows, ({ verdict }) => verdict);
  const count = (verdict: Row["verdict"]) => counts.get(verdict)?.length ?? 0;
  const others = (["not offered", "not checked"] as const).filter((verdict) => count(verdict) > 0);
  return [
    `${count("ok")} ok, ${count("differs")} differ`,
    ...others.map((verdict) => `${count(verdict)} ${verdict}`),
  ].join(", ");
}

/** Returns the report of a run in Markdown. */
export function markdown(rows: readonly Row[], { against, versions }: Subject, at: Date): string {
  const heading = ["check", "expects", "answered", "result", "s"];
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(" | ")} |`;
  const lines = rows.map(({ theme, name, expects, answered, verdict, seconds }) =>
    line([`${theme}: ${name}`, expects, answered, verdict === "differs" ? "**differs**" : verdict, seconds.toFixed(2)]),
  );
  return [
    `${at.toISOString().slice(0, 10)}, against ${against}; ${versions.join(", ")}. ${totals(rows)}.`,
    "",
    line(heading),
    `|${"---|".repeat(heading.length)}`,
    ...lines,
  ].join("\n");
}

/** Escapes an answer, which may be any text: it must not end a cell, nor be markup. */
const cell = (text: string) =>
  text.replaceAll(/[\\|<>`*_[\]]/g, (character) => (character === "*" ? "*" : `\\${character}`));

/** Returns `page` with the report between the markers of the command. @throws Error if it has no markers */
export function withReport(page: string, command: string, report: string): string {
  const begin = `<!-- npm run ${command} -- --write -->`;
  const end = `<!-- end of ${command} -->`;
  const [head, rest] = page.split(begin);
  const tail = rest?.split(end)[1];
  if (head === undefined || tail === undefined) throw new Error(`${PAGE} has no ${begin} and ${end}`);
  return `${head}${begin}\n\n${report}\n\n${end}${tail}`;
}

/** @param file the page; absent: the page of the docs */
export async function writeReport(command: string, report: string, file = join(ROOT, PAGE)): Promise<void> {
  await writeFile(file, withReport(await readFile(file, "utf8"), command, report));
}
