import { expect, test } from "vitest";
import { longLines } from "../../scripts/support/docs-lines.ts";

const found = (...lines: string[]) => longLines("docs/page.md", lines.join("\n"));
const columns = (count: number) => "x".repeat(count);
const row = (count: number) => `| ${columns(count - 4)} |`;

test("a line of 160 columns and a row of 400 are accepted", () => {
  expect(found(columns(160), row(400))).toEqual([]);
});

test("a longer line and a longer row are reported with their place", () => {
  expect(found("# Title", columns(161), "", row(401))).toEqual([
    "docs/page.md:2 has 161 columns, more than 160",
    "docs/page.md:4 has 401 columns, more than 400",
  ]);
});

test("fenced code has no limit, and the fence ends only at its own marker", () => {
  expect(found("```sh", columns(500), "```")).toEqual([]);
  expect(found("  ~~~~", columns(500), "```", columns(500), "~~~", columns(500), "  ~~~~")).toEqual([]);
  expect(found("````md", "```sh", columns(500), "```", columns(500), "````")).toEqual([]);
  expect(found("```", "code", "```", columns(161))).toHaveLength(1);
});
