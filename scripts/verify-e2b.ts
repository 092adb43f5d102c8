import { parseConfig } from "../src/config.ts";
import { DEFAULT_SIZE, usdPerSecond } from "../src/pool/price.ts";
import manifest from "../package.json" with { type: "json" };
import { startLocalHost } from "./local-e2b/host.ts";
import { Cleanups } from "./support/cleanups.ts";
import { only as chosen, mostSeconds } from "./verification/check.ts";
import { failures, markdown, progressLine, totals, writeReport } from "./verification/report.ts";
import { runChecks } from "./verification/run.ts";
import { readVerifyE2bOptions, VERIFY_E2B_USAGE } from "./verify-e2b/options.ts";
import type { VerifyE2bOptions } from "./verify-e2b/options.ts";
import { E2bScene, MOST_SANDBOXES, SANDBOX_TIMEOUT_S } from "./verify-e2b/scene.ts";
import { E2B_THEMES } from "./verify-e2b/themes.ts";

/** The local host takes this key alone, so that it can refuse another. */
const LOCAL_KEY = "local";

process.exitCode = await main();

async function main(): Promise<number> {
  const cleanups = new Cleanups();
  try {
    const options = readVerifyE2bOptions(process.argv.slice(2), process.env);
    if (options.help) {
      console.log(VERIFY_E2B_USAGE);
      return 0;
    }
    return await verify(options, cleanups);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return 1;
  } finally {
    await cleanups.run();
  }
}

async function verify(
  { settings, template, only, json, write }: VerifyE2bOptions,
  cleanups: Cleanups,
): Promise<number> {
  const isLocal = settings.E2B_API_KEY === undefined;
  const { e2b } = parseConfig(isLocal ? await localHost(cleanups) : settings);
  const against = isLocal ? "the local sandbox host" : new URL(e2b.apiUrl).host;
  const themes = only === "" ? E2B_THEMES : [...chosen(E2B_THEMES.slice(0, -1), only), ...E2B_THEMES.slice(-1)];
  console.error(boundsOf(against, mostSeconds(themes)));
  const scene = new E2bScene(e2b, template);
  cleanups.add(() => scene.end());
  const clean = (text: string) => text.replaceAll(e2b.apiKey, "[key]").replaceAll(scene.nonce, "…");
  const rows = await runChecks(themes, scene, (row) => console.error(progressLine(row)), isLocal ? undefined : clean);
  const versions = [`Warmtree ${manifest.version}`, `Node ${process.versions.node}`, `template ${template}`];
  const ok = failures(rows).length === 0;
  if (json) console.log(JSON.stringify({ ok, against, versions, checks: rows }));
  else console.log(`${totals(rows)}, against ${against}`);
  if (write) await writeReport("verify:e2b", markdown(rows, { against, versions }, new Date()));
  return ok ? 0 : 1;
}

async function localHost(cleanups: Cleanups): Promise<Record<string, string>> {
  const log = (line: string) => console.error(`warning: ${line}`);
  const host = await startLocalHost({ log, apiKeys: [LOCAL_KEY] });
  cleanups.add(() => host.close());
  return { E2B_API_KEY: LOCAL_KEY, E2B_API_URL: host.url, E2B_SANDBOX_URL: host.url };
}

function boundsOf(against: string, seconds: number): string {
  const sandboxSeconds = MOST_SANDBOXES * SANDBOX_TIMEOUT_S;
  const usd = (sandboxSeconds * usdPerSecond(DEFAULT_SIZE)).toFixed(2);
  return (
    `checking ${against}: at most ${Math.ceil(seconds / 60)} minutes, ${MOST_SANDBOXES} sandboxes, ` +
    `${sandboxSeconds} sandbox seconds, $${usd} (2 vCPU, 512 MiB); most often a tenth of it`
  );
}
