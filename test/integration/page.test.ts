import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { makeRepository } from "../../scripts/sample-remote/repositories.ts";
import { CHROMIUM_ARGS, findChromium } from "../../scripts/harness/chromium.ts";
import { callOperation, DEV_KEY } from "../../scripts/support/client.ts";
import { type Stack, startStack } from "../../scripts/harness/stack.ts";
import { ROOT } from "../../scripts/support/tools.ts";
import { ownedRunSchema, ownedWorkspaceSchema } from "../../src/api/operator-schemas.ts";
import { runStartedSchema } from "../../src/api/run-schemas.ts";
import { type Overview, overviewSchema } from "../../src/metrics/overview-schema.ts";
import { clock, count, percent, rate, seconds, usd } from "../../src/dashboard/format.ts";
import { seriousFaults } from "../support/page-faults.ts";
import { until } from "../support/until.ts";
import { call } from "../support/worker.ts";

const found = await findChromium();
if ("missing" in found) console.warn(`Tests of the page are skipped: ${found.missing}.`);
const executablePath = "path" in found ? found.path : "";

const OPERATOR_KEY = "the-operator-key-of-this-test";
const OVERVIEW = "**/v1/operator/overview*";
const SCREENSHOTS = join(ROOT, ".warmtree", "screenshots");
const AGENT_THINKS_MS = 600;
const WIDE = { width: 1440, height: 900 };
/** The narrowest width that WCAG requires (reflow). */
const NARROW = { width: 320, height: 720 };
/** A fault of structure shows in any look, one of contrast in its theme, one of layout at its size. */
const LOOKS = [
  ["light", "wide", WIDE, false],
  ["light", "narrow", NARROW, true],
  ["dark", "narrow", NARROW, false],
  ["dark", "wide", WIDE, true],
] as const;

/** The browser's own word: `page.url()` hears of a change a moment later. */
const hashOf = (page: Page) => page.evaluate<string>("location.hash");

describe.skipIf(executablePath === "")("the page", () => {
  let stack: Stack;
  let browser: Browser;
  let traffic: Promise<unknown>;
  const over = new AbortController();

  beforeAll(async () => {
    const bindings = { OPERATOR_KEY, POOL_MIN: "1", POOL_MAX: "2", E2B_MONTHLY_BUDGET_USD: "100" };
    stack = await startStack({ isolation: "none", bindings });
    await makeRepository(stack.git.root, "one", { files: 50, commits: 5 });
    await makeRepository(stack.git.root, "two", { files: 2, commits: 1 });
    traffic = agent("ada");
    browser = await chromium.launch({ executablePath, args: CHROMIUM_ARGS });
    await mkdir(SCREENSHOTS, { recursive: true });
  });
  afterAll(async () => {
    over.abort();
    await traffic;
    await browser.close();
    await stack.close();
  });
  afterEach(async () => {
    stack.git.setFaults({});
    await Promise.all(browser.contexts().map((context) => context.close()));
  });

  const cloned = (agent_id: string) =>
    call(stack, "clone", { repo_url: `${stack.git.url}/one.git`, agent_id, task_id: "t" });

  /** Repeats the main job and a call that fails; with pauses, as the browser shares the machine. */
  async function agent(agentId: string): Promise<void> {
    for (let round = 0; !over.signal.aborted; round++) {
      await callOperation(stack.url, "clone", { repo_url: "https://elsewhere.example/o/r" });
      const { sandbox_id } = await cloned(agentId);
      const files = [{ path: `${agentId}.txt`, content: `${round}\n` }];
      const steps: [operation: string, input: object][] = [
        ["edit", { sandbox_id, files }],
        ["status", { sandbox_id }],
        ["diff", { sandbox_id }],
        ["pull", { sandbox_id }],
        ["push", { sandbox_id, message: `Round ${round}` }],
      ];
      for (const [operation, input] of steps) {
        await call(stack, operation, input);
        await sleep(AGENT_THINKS_MS);
      }
    }
  }

  /** The browser's complaints: errors of scripts, and violations of the content security policy. */
  let complaints: string[];

  async function open(options: BrowserContextOptions = {}, before?: (page: Page) => Promise<unknown>): Promise<Page> {
    const context = await browser.newContext({ viewport: WIDE, ...options });
    context.setDefaultTimeout(60_000);
    const page = await context.newPage();
    complaints = [];
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) complaints.push(message.text());
    });
    await before?.(page);
    await page.goto(stack.url);
    return page;
  }

  async function signIn(page: Page, key = OPERATOR_KEY): Promise<void> {
    await page.getByLabel("Operator key").fill(key);
    await page.getByRole("button", { name: "Sign in" }).click();
  }

  async function openSignedIn(
    options: BrowserContextOptions = {},
    before?: (page: Page) => Promise<unknown>,
  ): Promise<Page> {
    const page = await open(options, async (opened) => {
      await opened.addInitScript(`sessionStorage.setItem("operator-key", "${OPERATOR_KEY}")`);
      await before?.(opened);
    });
    await page.getByText("Live", { exact: true }).waitFor();
    return page;
  }

  async function operatorApi(method: string, path: string): Promise<Response> {
    return fetch(`${stack.url}/v1/operator/${path}`, { method, headers: { Authorization: `Bearer ${OPERATOR_KEY}` } });
  }
  const runOf = async (run: string) => ownedRunSchema.parse(await (await operatorApi("GET", `runs/${run}`)).json());
  const workspaceOf = async (sandboxId: string) =>
    ownedWorkspaceSchema.parse(await (await operatorApi("GET", `workspaces/${sandboxId}`)).json());

  test("asks for the key, says what is wrong with it, and keeps it for the tab alone", async () => {
    const page = await open();
    await page.getByLabel("Operator key").waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    await page.screenshot({ path: join(SCREENSHOTS, "sign-in.png") });
    await signIn(page, "a-key-that-is-wrong");
    await page.getByRole("alert").getByText("not this service's OPERATOR_KEY").waitFor();
    await signIn(page);
    await page.getByText("Live", { exact: true }).waitFor();
    await page.getByText("Credentials stay with the service. Commits are not signed.").waitFor();
    const stores = await page.evaluate("[location.href, document.cookie, JSON.stringify(localStorage)].join()");
    expect(stores).not.toContain(OPERATOR_KEY);
    await page.reload();
    await page.getByText("Live", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.reload();
    await page.getByLabel("Operator key").waitFor();
    // A browser logs each 401 by itself.
    expect(complaints.filter((text) => !text.includes("status of 401"))).toEqual([]);
  });

  test("shows what the API tells", async () => {
    let overview: Overview | undefined;
    const page = await openSignedIn({}, (opened) =>
      // The same answer each time, so the page shows nothing newer than the answer it is compared with.
      opened.route(OVERVIEW, async (route) => {
        overview ??= overviewSchema.parse(await (await operatorApi("GET", "overview?minutes=5")).json());
        await route.fulfill({ json: overview });
      }),
    );
    if (!overview) throw new Error("the page asked for no overview");
    const { sandboxes, claims, operations, spend, points, newest } = overview;
    expect([operations.succeeded, operations.failed, newest.length].every((value) => value > 0)).toBe(true);
    await page.getByText(`as of ${clock(overview.at)}`).waitFor();
    const figures = await page.locator(".figure").allTextContents();
    expect(figures).toEqual([
      count(sandboxes.running),
      percent(claims.hit_rate ?? NaN),
      rate(operations.per_minute),
      seconds(operations.latency?.p95 ?? NaN),
      count(operations.failed),
      usd(spend.by_period_usd.month),
    ]);
    const cells = (caption: string) =>
      page
        .getByRole("table", { name: caption })
        .locator("tbody tr")
        .evaluateAll((rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent)));
    expect(await cells("Operations in 5 min")).toEqual(
      operations.by_operation.map(({ operation, succeeded, failed, latency }) => [
        operation,
        count(succeeded),
        count(failed),
        ...[latency?.p50, latency?.p95, latency?.p99].map((value) => (value === undefined ? "–" : seconds(value))),
      ]),
    );
    const told = (await cells("Newest operations")).map((row) =>
      row.filter((_, column) => column !== 3 && column !== 4),
    );
    expect(told).toEqual(
      newest.map(({ at, operation, code = "ok", tenant, request_id }) => [
        clock(at),
        operation,
        code,
        tenant,
        request_id,
      ]),
    );
    const { caller, git_host, service } = operations.failed_by;
    expect(caller).toBe(operations.failed);
    expect(await page.locator("section", { hasText: "Failures in" }).locator("dd").allTextContents()).toEqual(
      [service, git_host, caller].map((value) => `${count(value)} ${percent(value / operations.failed)}`),
    );
    await page.getByText("Values of Operations a minute").click();
    await page.getByRole("table", { name: "Operations a minute" }).waitFor();
    expect(await cells("Operations a minute")).toEqual(
      points.toReversed().map(({ at, succeeded, failed_by: by, seconds: length }, index) => [
        clock(at),
        // The current piece has no rate yet.
        ...[succeeded, by.caller, by.git_host, by.service].map((value) =>
          index === 0 ? "–" : rate((value * 60) / length),
        ),
      ]),
    );
  });

  test("npm run top tells the same in a terminal", async () => {
    const env = { ...process.env, OPERATOR_KEY };
    const args = [join(ROOT, "scripts", "top.ts"), "--url", stack.url, "--once", "--json"];
    const { stdout } = await promisify(execFile)(process.execPath, args, { env });
    const { minutes, operations, newest } = overviewSchema.parse(JSON.parse(stdout));
    expect([minutes, operations.succeeded > 0, newest.length > 0]).toEqual([5, true, true]);
  });

  test("goes on by itself, and moves nothing while it does", async () => {
    const page = await openSignedIn();
    await page.getByRole("table", { name: "Workspaces" }).getByText("ada / t").waitFor();
    await page.evaluate(`
      globalThis.shifted = 0;
      const add = (list) => list.getEntries().forEach(({ value }) => (shifted += value));
      new PerformanceObserver(add).observe({ type: "layout-shift" });`);
    const ended = () =>
      page.getByRole("table", { name: "Newest operations" }).locator("tbody tr").first().textContent();
    const before = await ended();
    await until("a newer operation is shown", async () => (await ended()) !== before);
    const next = await ended();
    await until("and another", async () => (await ended()) !== next);
    expect(await page.evaluate("shifted")).toBeLessThan(0.01);
    expect(complaints).toEqual([]);
  });

  test("keeps nobody out: both themes, wide and narrow, and by keyboard", async () => {
    const page = await openSignedIn();
    await page.getByRole("table", { name: "Workspaces" }).getByText("ada / t").waitFor();
    for (const [colorScheme, name, size, isChecked] of LOOKS) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize(size);
      if (isChecked) expect(await seriousFaults(page)).toEqual([]);
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(size.width);
      await page.screenshot({ path: join(SCREENSHOTS, `${name}-${colorScheme}.png`), fullPage: true });
    }
    const opener = page.getByRole("table", { name: "Workspaces" }).getByRole("button").first();
    await opener.focus();
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").getByText("Branch", { exact: true }).waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    await page.screenshot({ path: join(SCREENSHOTS, "workspace.png") });
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    expect(await page.locator(":focus").textContent()).toBe(await opener.textContent());
    const ground = () => page.evaluate("getComputedStyle(document.documentElement).backgroundColor");
    const before = await ground();
    await page.getByRole("button", { name: /Use the .* theme/ }).click();
    expect(await ground()).not.toBe(before);
  });

  test("pauses and ends a workspace, after it has said what would be lost", async () => {
    const { sandbox_id } = await cloned("eve");
    await call(stack, "edit", { sandbox_id, files: [{ path: "only-here.txt", content: "x\n" }] });
    const page = await openSignedIn();
    const openEve = () =>
      page
        .getByRole("row", { name: /eve \/ t/ })
        .getByRole("button")
        .click();
    const confirm = (name: string) => page.getByRole("alertdialog").getByRole("button", { name }).click();
    await openEve();
    await page.getByRole("button", { name: "End", exact: true }).click();
    await page.getByRole("alertdialog").getByText("1 changed file will be lost.").waitFor();
    await page.getByRole("alertdialog").getByText("only-here.txt").waitFor();
    await page.screenshot({ path: join(SCREENSHOTS, "end.png") });
    await confirm("Leave it");
    expect(await workspaceOf(sandbox_id)).toMatchObject({ state: "bound" });
    await page.getByRole("button", { name: "Pause", exact: true }).click();
    await confirm("Pause it");
    await page.getByRole("status").getByText("The workspace is paused.").waitFor({ state: "attached" });
    expect(await workspaceOf(sandbox_id)).toMatchObject({ state: "paused", unpushed: true });
    const paused = page.getByRole("row", { name: /eve \/ t/ });
    await paused.getByText("unpushed work").waitFor();
    await paused.getByText(/^dropped \w+ \d+, in 2\d d$/).waitFor();
    await openEve();
    await page.getByRole("button", { name: "Resume it and look inside" }).waitFor();
    await page.getByRole("button", { name: "End", exact: true }).click();
    await page.getByRole("alertdialog").getByText("It was paused with work that is not pushed.").waitFor();
    await confirm("End it");
    await page.getByRole("status").getByText("The workspace is ended.").waitFor({ state: "attached" });
    expect(await workspaceOf(sandbox_id)).toMatchObject({ state: "gone" });
    await page.getByRole("row", { name: /eve \/ t/ }).waitFor({ state: "detached" });
  });

  test("the address has the range, the open workspace and the filter; the back button undoes the first two", async () => {
    const { sandbox_id } = await cloned("zoe");
    await cloned("yan");
    const page = await openSignedIn();
    const hash = async () => decodeURIComponent(await hashOf(page));
    const rows = page.getByRole("table", { name: "Workspaces" }).locator("tbody tr");
    await page.getByLabel("15 min").check();
    await page.getByRole("heading", { name: "Operations in 15 min" }).waitFor();
    await page.getByLabel("Text").fill("ZOE");
    await expect.poll(() => rows.allTextContents()).toEqual([expect.stringContaining("zoe / t")]);
    await page.getByLabel("Tenant").fill("nobody");
    await page.getByRole("region", { name: "Workspaces" }).last().getByText("None fits.").waitFor();
    await page.getByText("None of the newest fits.").waitFor();
    await page.getByLabel("Tenant").fill("dev");
    // Follows an operation to its workspace.
    const newest = page.getByRole("table", { name: "Newest operations" });
    await newest
      .getByRole("row", { name: /clone.*zoe · / })
      .getByRole("button")
      .click();
    await page.getByRole("dialog").getByText("Branch", { exact: true }).waitFor();
    expect(await hash()).toBe(`#minutes=15&workspace=${sandbox_id}&tenant=dev&text=ZOE`);

    await page.reload();
    await page.getByRole("dialog").getByText("zoe / t").waitFor();
    await expect.poll(() => rows.allTextContents()).toEqual([expect.stringContaining("zoe / t")]);
    await page.goBack();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    expect(await hash()).toBe("#minutes=15&tenant=dev&text=ZOE");
    await page.goBack();
    await page.getByRole("heading", { name: "Operations in 5 min" }).waitFor();
    await page.goForward();
    await expect.poll(() => rows.count()).toBe(1);
    await rows.getByRole("button").click();
    await page.getByRole("dialog").getByText("Branch", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Close" }).click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    expect(await page.locator(":focus").textContent()).toBe(await rows.getByRole("button").textContent());
    expect(await hash()).toBe("#minutes=15&tenant=dev&text=ZOE");
    expect(complaints).toEqual([]);
  });

  async function startRun(run: object): Promise<string> {
    const headers = { Authorization: `Bearer ${DEV_KEY}`, "Content-Type": "application/json" };
    const body = JSON.stringify({ async: true, ...run });
    const answer = await fetch(`${stack.url}/v1/run`, { method: "POST", headers, body });
    return runStartedSchema.parse(await answer.json()).run;
  }
  const cloneOf = (repository: string, task_id: string) => ({
    op: "clone",
    repo_url: `${stack.git.url}/${repository}.git`,
    agent_id: "run",
    task_id,
  });

  test("shows a run that waits, cancels it, and retries it", async () => {
    stack.git.setFaults({ fail: { repository: "two", count: Infinity, status: 503, retryAfterS: 600 } });
    const run = await startRun({ steps: [cloneOf("two", "waits"), { op: "log" }] });
    const page = await openSignedIn();
    const row = page.getByRole("table", { name: "Runs" }).getByRole("row", { name: new RegExp(run) });
    await row.getByText("running").waitFor();
    await row.getByText("0 of 2 steps").waitFor();
    await row.getByText(`/two · run / waits · ${run.slice(0, 11)}`).waitFor();
    await row.getByRole("button").focus();
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog");
    const steps = dialog.getByRole("list", { name: "Steps" }).getByRole("listitem");
    await steps.first().getByText("git_unreachable").waitFor();
    await steps.first().getByText("waiting").waitFor();
    await steps
      .first()
      .getByText(/^Tried again in \d+ min\.$/)
      .waitFor();
    await steps.nth(1).getByText("not begun").waitFor();
    expect(await hashOf(page)).toBe(`#run=${run}`);
    await dialog.getByText("run / waits", { exact: true }).waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    await page.screenshot({ path: join(SCREENSHOTS, "run.png") });

    const confirm = (name: string) => page.getByRole("alertdialog").getByRole("button", { name }).click();
    await dialog.getByRole("button", { name: "Cancel run" }).click();
    await confirm("Leave it");
    expect(await runOf(run)).toMatchObject({ status: "running" });
    await dialog.getByRole("button", { name: "Cancel run" }).click();
    await confirm("Cancel it");
    await dialog.getByRole("button", { name: "Retry" }).waitFor();
    expect(await runOf(run)).toMatchObject({ status: "canceled" });
    // The step waited for another try, which it does not get.
    await steps.first().getByText("not begun").waitFor();
    // The button that had the focus is gone.
    expect(await page.evaluate("document.activeElement.closest('dialog') !== null")).toBe(true);

    stack.git.setFaults({});
    await dialog.getByRole("button", { name: "Retry" }).click();
    await dialog.getByText("2 of 2 steps").waitFor();
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    await row.getByText("done").waitFor();
    await page.getByLabel("State").selectOption("canceled");
    await row.waitFor({ state: "detached" });
    await page.getByLabel("State").selectOption("done");
    await row.waitFor();
    await page.reload();
    await row.waitFor();
    expect(await hashOf(page)).toBe("#status=done");
    await page.getByLabel("Tenant").fill("nobody");
    await row.waitFor({ state: "detached" });
    expect(complaints).toEqual([]);
  });

  test("shows what became of each item of a run, failed ones first", async () => {
    const page = await openSignedIn();
    const run = await startRun({
      steps: [{ ...cloneOf("", "each"), repo_url: "$item.url" }, { op: "log" }],
      for_each: ["one", "none", "two"].map((name) => ({ url: `${stack.git.url}/${name}.git` })),
    });
    const row = page.getByRole("table", { name: "Runs" }).getByRole("row", { name: new RegExp(run) });
    await row.getByText("2 of 3 items, 1 failed").waitFor();
    await row.getByRole("button", { name: "clone, log ×3" }).click();
    const items = page.getByRole("list", { name: "Items" }).locator("> li");
    await items.first().getByText("repository_not_found").waitFor();
    const [first = "", ...others] = await items.allTextContents();
    expect(first).toMatch(/^failedItem 2, step 1 clone repository_not_found/);
    expect(others.map((text) => text.trim())).toEqual(["doneItem 1", "doneItem 3"]);

    const stepsOf = (item: number) =>
      page
        .getByRole("list", { name: `Steps of item ${item}` })
        .getByRole("listitem")
        .allTextContents();
    await items.first().getByText("Item 2").click();
    await expect
      .poll(() => stepsOf(2))
      .toEqual([expect.stringMatching(/^failed1 clone .*repository_not_found/), "not begun2 log "]);
    // The item does not repeat the error.
    expect(await items.first().getByText("repository_not_found").count()).toBe(1);
    await items.last().getByText("Item 3").focus();
    await page.keyboard.press("Enter");
    await expect
      .poll(() => stepsOf(3))
      .toEqual([/^done1 clone/, /^done2 log/].map((text) => expect.stringMatching(text)));
    expect(await seriousFaults(page)).toEqual([]);
    expect(complaints).toEqual([]);
  });

  test("a link to a run that is not there says so, and loads nothing more", async () => {
    const page = await openSignedIn();
    await page.goto(`${stack.url}#run=r0-${"0".repeat(32)}`);
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("alert").getByText("There is no such run").waitFor();
    expect(await dialog.getByRole("status").textContent()).toBe("");
  });

  test("shows runs in pages", async () => {
    const started = await Promise.all(Array.from({ length: 21 }, () => startRun({ steps: [{ op: "workspaces" }] })));
    const page = await openSignedIn();
    const rows = page.getByRole("table", { name: "Runs" }).locator("tbody tr");
    await expect.poll(() => rows.count()).toBe(20);
    await page.getByRole("region", { name: "Runs" }).getByRole("button", { name: "Show more" }).click();
    for (const run of started) await rows.filter({ hasText: run }).waitFor();
  });

  test("asks nothing while nobody sees it, and at once when somebody does", async () => {
    let asked = 0;
    const page = await openSignedIn({}, async (opened) => {
      await opened.clock.install();
      opened.on("request", (request) => (asked += request.url().includes("/overview") ? 1 : 0));
    });
    const show = (hidden: boolean) =>
      page.evaluate(`
        Object.defineProperty(document, "hidden", { configurable: true, value: ${hidden} });
        document.dispatchEvent(new Event("visibilitychange"));`);
    await show(true);
    const before = asked;
    await page.clock.runFor(60_000);
    // At most the request that was under way.
    expect(asked - before).toBeLessThanOrEqual(1);
    const hidden = asked;
    const answer = page.waitForResponse(OVERVIEW);
    await show(false);
    await answer;
    expect(asked).toBeGreaterThan(hidden);
  });

  test("says when it is disconnected, and goes on when it can", async () => {
    const page = await openSignedIn();
    await page.route(OVERVIEW, (route) => route.abort());
    await page.getByText("Disconnected", { exact: true }).waitFor();
    await page.getByRole("alert").getByText("cannot be reached").waitFor();
    await page.screenshot({ path: join(SCREENSHOTS, "disconnected.png") });
    await page.unroute(OVERVIEW);
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByText("Live", { exact: true }).waitFor();
  });
});
