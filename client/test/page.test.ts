import { join } from "node:path";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { describe, expect, onTestFinished, test } from "vitest";
import { CHROMIUM_ARGS, findChromium } from "../../scripts/harness/chromium.ts";
import { DEV_KEY } from "../../scripts/support/client.ts";
import { startScene } from "./scene.ts";

const found = await findChromium();
const executablePath = "path" in found ? found.path : "";

/** Uses single quotes, so that no check takes its import for one of this repository's. */
const PROGRAM = `
import { createClient } from './index.ts';
const { url, repo_url } = window.warmtree;
const client = createClient({ url, key: '${DEV_KEY}' });
const { sandbox_id } = await client.git.clone({ repo_url, agent_id: 'page', task_id: 't' });
const told = [];
const { ok } = await client.run(
  { sandbox_id, steps: [{ op: 'edit', files: [{ path: 'p.txt', content: 'x' }] }, { op: 'push', message: 'p' }] },
  { onStep: ({ op, status }) => told.push(op + ' ' + status) },
);
const { run } = await client.runs.start({ sandbox_id, steps: [{ op: 'status' }] });
for await (const { type, status } of client.runs.events(run)) if (type === 'run') told.push(status);
const { workspaces } = await client.workspaces.list();
window.warmtree.told = [ok, ...told, workspaces.length];
`;

describe.skipIf(executablePath === "")("in a browser", () => {
  test("a page of the service's own origin does the main job", async () => {
    const { proxy: origin, repo_url, close } = await startScene();
    onTestFinished(close);
    const browser = await chromium.launch({ executablePath, args: CHROMIUM_ARGS });
    onTestFinished(() => browser.close());
    const { outputFiles } = await build({
      stdin: { contents: PROGRAM, resolveDir: join(import.meta.dirname, "..", "src") },
      bundle: true,
      format: "esm",
      write: false,
    });

    const html = { status: 200, headers: { "Content-Type": "text/html" }, body: "<title>a page</title>" };
    origin.faults.push({ answer: html });
    const page = await browser.newPage();
    await page.goto(origin.url);
    const given = { url: origin.url, repo_url };
    await page.evaluate(`window.warmtree = ${JSON.stringify(given)}`);
    await page.addScriptTag({ type: "module", content: outputFiles[0]?.text ?? "" });
    const told = await page.waitForFunction("window.warmtree.told");
    expect(await told.jsonValue()).toEqual([true, "edit done", "push done", "queued", "running", "done", 1]);
  });
});
