import axe from "axe-core";
import type { Page } from "playwright-core";

const WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

/** Returns the faults that axe rates serious or critical. */
export async function seriousFaults(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<axe.AxeResults>(`axe.run({ runOnly: ${JSON.stringify(WCAG)} })`);
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id}: ${target.join(" ")} ${failureSummary}`),
    );
}

/**
 * Returns the elements that are wider than their box: the page itself, a table that scrolls sideways, an overlong text.
 * Leaves out ids, which are cut on purpose, and the canvas of a chart, which is wider than its visible part.
 */
export function cutTexts(page: Page): Promise<string[]> {
  return page.evaluate(`
    [...document.querySelectorAll("html, body, body *:not(canvas, input, .hidden, .id, .plot *, svg *)")]
      .filter((element) => element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 1)
      .map((element) => element.tagName + "." + element.className + " " + element.scrollWidth + " > " +
        element.clientWidth + ": " + (element.textContent ?? "").slice(0, 60))`);
}
