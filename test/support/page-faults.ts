import axe from "axe-core";
import type { Page } from "playwright-core";

const WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

/** What axe finds that keeps somebody out. */
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
 * What is wider than its place: the page itself, a table that scrolls sideways, a text beyond its box. An id is cut on
 * purpose, and the canvas of a chart is wider than what it shows.
 */
export function cutTexts(page: Page): Promise<string[]> {
  return page.evaluate(`
    [...document.querySelectorAll("html, body, body *:not(canvas, input, .hidden, .id, .plot *, svg *)")]
      .filter((element) => element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 1)
      .map((element) => element.tagName + "." + element.className + " " + element.scrollWidth + " > " +
        element.clientWidth + ": " + (element.textContent ?? "").slice(0, 60))`);
}
