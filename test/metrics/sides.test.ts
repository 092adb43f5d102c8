import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../../scripts/support/tools.ts";
import { SIDE_OF, SIDES } from "../../src/metrics/sides.ts";

const page = readFileSync(join(ROOT, "docs", "metrics.md"), "utf8");

test.each(SIDES)("docs/metrics.md lists the errors of side %s", (side) => {
  const rows = [...page.matchAll(new RegExp(`^\\| \`${side}\` \\|[^|]*\\|([^|]*)\\|$`, "gm"))];
  const listed = rows.flatMap(([, cell = ""]) => [...cell.matchAll(/`(\w+)`/g)].map(([, code]) => code));
  const codes = Object.entries(SIDE_OF).filter(([, of]) => of === side);
  expect(listed.toSorted()).toEqual(codes.map(([code]) => code).toSorted());
});
