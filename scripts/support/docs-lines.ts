import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { ROOT } from "./tools.ts";

/** Docs wrap at 120 columns; the rest is room for a link or a path that does not fit. */
const MAX_LINE = 160;
/** A row of a table cannot wrap. */
const MAX_ROW = 400;

const FENCE = /^\s*(`{3,}|~{3,})/;
const ROW = /^\s*\|/;
const PAGE = /^(?:README\.md|CONTRIBUTING\.md|docs\/.*\.md)$/;

/** Finds the lines of a Markdown page that are too long; lines of fenced code have no limit. */
export function longLines(page: string, text: string): string[] {
  const found: string[] = [];
  let fence: string | undefined;
  for (const [index, line] of text.split("\n").entries()) {
    const marker = FENCE.exec(line)?.[1];
    if (fence !== undefined) {
      if (marker?.startsWith(fence) && line.trim() === marker) fence = undefined;
      continue;
    }
    fence = marker;
    const limit = ROW.test(line) ? MAX_ROW : MAX_LINE;
    if (marker === undefined && line.length > limit) {
      found.push(`${page}:${index + 1} has ${line.length} columns, more than ${limit}`);
    }
  }
  return found;
}

/** Lists the lines of the README, CONTRIBUTING and docs that are too long; "" if there are none. */
export async function wrongDocsLines(): Promise<string> {
  const [top, docs] = await Promise.all([readdir(ROOT), readdir(join(ROOT, "docs"), { recursive: true })]);
  const pages = [...top, ...docs.map((name) => join("docs", name))].filter((name) => PAGE.test(name)).sort();
  const found = await Promise.all(pages.map(async (page) => longLines(page, await readFile(join(ROOT, page), "utf8"))));
  return found.flat().join("\n");
}
