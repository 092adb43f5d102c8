import manifest from "../package.json" with { type: "json" };
import { parseConfig } from "../src/config.ts";
import { DEFAULT_SIZE, usdPerSecond } from "../src/pool/price.ts";
import { startLocalHost } from "./local-e2b/host.ts";
import type { Cleanups } from "./support/cleanups.ts";
import { mostSeconds } from "./verification/check.ts";
import { chosen, runCommand, verified } from "./verification/command.ts";
import { readVerifyE2bOptions, VERIFY_E2B_USAGE } from "./verify-e2b/options.ts";
import { E2bScene, MOST_SANDBOXES, SANDBOX_TIMEOUT_S } from "./verify-e2b/scene.ts";
import { E2B_THEMES } from "./verify-e2b/themes.ts";

/** The only key that the local host accepts, so that it can refuse another. */
const LOCAL_KEY = "local";

process.exitCode = await runCommand(async (cleanups) => {
  const { help, settings, template, only, json, write } = readVerifyE2bOptions(process.argv.slice(2), process.env);
  if (help) {
    console.log(VERIFY_E2B_USAGE);
    return 0;
  }
  const isLocal = settings.E2B_API_KEY === undefined;
  const { e2b } = parseConfig(isLocal ? await localHost(cleanups) : settings);
  const against = isLocal ? "the local sandbox host" : new URL(e2b.apiUrl).host;
  const themes = chosen(E2B_THEMES, only);
  console.error(boundsOf(against, mostSeconds(themes)));
  const scene = new E2bScene(e2b, template);
  cleanups.add(() => scene.end());
  const versions = [`Warmtree ${manifest.version}`, `Node ${process.versions.node}`, `template ${template}`];
  const subject = () => Promise.resolve({ against, versions });
  return verified({ command: "verify:e2b", themes, scene, secrets: [e2b.apiKey], subject, json, write });
});

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
