import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod/v4";
import { CHROMIUM_ARGS, findChromium } from "../../scripts/harness/chromium.ts";
import { type Stack, startStack } from "../../scripts/harness/stack.ts";
import { ROOT } from "../../scripts/support/tools.ts";
import { cutTexts, seriousFaults } from "../support/page-faults.ts";
import { SCENES } from "./screens-data.ts";
import { ITEM_THAT_WAITS, RUN_OF_ITEMS, RUN_THAT_WAITS } from "./screens-runs.ts";
import { NOW } from "./screens-time.ts";

const found = await findChromium();
if ("missing" in found) console.warn(`Tests of what the page looks like are skipped: ${found.missing}.`);
const executablePath = "path" in found ? found.path : "";

const SCREENSHOTS = join(ROOT, "dist", "screenshots");
const SIZES = {
  wide: { width: 1920, height: 1080 },
  laptop: { width: 1440, height: 900 },
  tablet: { width: 820, height: 1180 },
  // The narrowest width that WCAG requires (reflow).
  phone: { width: 320, height: 720 },
} as const;
const THEMES = ["light", "dark"] as const;
const LOOKS = THEMES.flatMap((theme) => Object.entries(SIZES).map(([size, viewport]) => ({ theme, size, viewport })));

/** Looks that axe checks, at a second each: a fault of contrast shows in its theme, one of structure at any size. */
const AXE_ASKED: ReadonlySet<string> = new Set(["laptop light", "phone dark"]);

/** The screens have constant answers, so a change of a picture is a change of the page. */
describe.skipIf(executablePath === "")("screens", () => {
  let stack: Stack;
  let browser: Browser;
  beforeAll(async () => {
    stack = await startStack({ isolation: "none" });
    browser = await chromium.launch({ executablePath, args: CHROMIUM_ARGS });
    await mkdir(SCREENSHOTS, { recursive: true });
  });
  afterAll(async () => {
    await browser.close();
    await stack.close();
  });

  /** Takes a picture of every size in both themes, and checks it with axe. @returns the faults */
  async function faultsOf(page: Page, name: string, fullPage = true): Promise<string[]> {
    const faults: string[] = [];
    for (const { theme, size, viewport } of LOOKS) {
      await page.emulateMedia({ colorScheme: theme });
      await page.setViewportSize(viewport);
      // Waits until the charts are drawn again for their size.
      await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))");
      await page.screenshot({ path: join(SCREENSHOTS, `${name}-${size}-${theme}.png`), fullPage });
      const isAsked = AXE_ASKED.has(`${size} ${theme}`);
      const seen = [...(await cutTexts(page)), ...(isAsked ? await seriousFaults(page) : [])];
      faults.push(...seen.map((fault) => `${size}, ${theme}: ${fault}`));
    }
    return faults;
  }

  /** Opens the page at a fixed time, with given answers. */
  async function pageOf({ overview, workspaces, runs }: (typeof SCENES)[keyof typeof SCENES]): Promise<Page> {
    const page = await browser.newPage();
    await page.clock.setFixedTime(NOW);
    await page.route("**/v1/operator/workspaces*", (route) => route.fulfill({ json: workspaces }));
    await page.route("**/v1/operator/runs*", (route) => route.fulfill({ json: runs }));
    await page.route("**/v1/operator/overview*", (route) => route.fulfill({ json: overview }));
    return page;
  }

  test.each(Object.entries(SCENES))("the page, %s: nothing is cut, and everybody can read it", async (name, scene) => {
    const page = await pageOf(scene);
    await page.goto(stack.url);
    await page.getByText("Live", { exact: true }).waitFor();
    await expect.poll(() => page.getByText("Loading…").count()).toBe(0);
    if (name === "offline") {
      await page.route("**/v1/operator/overview*", (route) => route.abort());
      await page.getByRole("alert").waitFor();
    }
    if (name === "limit") await page.getByText("20 of 20: at the limit").waitFor();
    expect(await faultsOf(page, name)).toEqual([]);
    await page.close();
  });

  test.each([
    ["run", RUN_THAT_WAITS],
    ["run-of-items", RUN_OF_ITEMS],
  ])("the dialog of a %s: nothing is cut, and everybody can read it", async (name, run) => {
    const page = await pageOf(SCENES.empty);
    await page.route("**/v1/operator/runs/*", (route) => route.fulfill({ json: run }));
    await page.route("**/v1/operator/runs/*/items/*", (route) => route.fulfill({ json: ITEM_THAT_WAITS }));
    await page.goto(`${stack.url}#run=${run.run}`);
    await page.getByRole("dialog").getByText(run.run).waitFor();
    const [item] = await page.getByRole("list", { name: "Items" }).locator("summary").all();
    if (item) {
      await item.click();
      await page.getByText("Tried again in").waitFor();
    }
    expect(await faultsOf(page, name, false)).toEqual([]);
    await page.close();
  });

  test("the page of the API: every operation, and nothing that the policy forbids", async () => {
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("console", (message) => complaints.push(message.text()));
    await page.goto(`${stack.url}/docs#push`);
    const shown = page.getByRole("article");
    await shown.first().waitFor();
    const { paths } = z
      .object({ paths: z.record(z.string(), z.looseObject({})) })
      .parse(await (await fetch(`${stack.url}/openapi.json`)).json());
    const known = Object.values(paths).flatMap((item) => ["get", "post", "delete"].filter((method) => method in item));
    expect(await shown.count()).toBe(known.length);
    expect(await page.locator("#push").evaluate((element) => element.getBoundingClientRect().top)).toBeLessThan(100);
    expect(await page.getByRole("main").textContent()).not.toContain("`");
    const limit = page.getByRole("table", { name: "Parameters of listRuns" }).getByRole("row", { name: /^limit/ });
    expect(await limit.textContent()).toBe("limitinteger, queryMost runs in one answer1 to 100default 50");
    const key = page.getByRole("table", { name: "Parameters of clone" }).getByText("Idempotency-Key");
    const lines = () => key.evaluate((element) => element.getClientRects().length);
    for (const viewport of [SIZES.tablet, SIZES.laptop]) {
      await page.setViewportSize(viewport);
      // The name may break at its hyphen only.
      expect(await lines()).toBeLessThanOrEqual(2);
    }
    await page.getByLabel("Filter").fill("mcp");
    await expect.poll(() => shown.count()).toBe(1);
    await shown.getByText("POST").waitFor();
    await page.getByLabel("Filter").fill("");
    await page.getByText("Errors").first().click();
    await page.evaluate("scrollTo(0, 0)");
    expect(await faultsOf(page, "docs", false)).toEqual([]);
    expect(complaints).toEqual([]);
    await page.close();
  });
});
