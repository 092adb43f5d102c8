import * as z from "zod/v4";
import manifest from "../package.json" with { type: "json" };
import { DEFAULT_SIZE, usdPerSecond } from "../src/pool/price.ts";
import { mostSeconds } from "./verification/check.ts";
import { chosen, runCommand, verified } from "./verification/command.ts";
import { readVerifyOptions, VERIFY_USAGE } from "./verify/options.ts";
import { MOST_RUNNING_S, MOST_WORKSPACES } from "./verify/scene.ts";
import type { Scene } from "./verify/scene.ts";
import { sceneOf } from "./verify/subject.ts";
import { THEMES } from "./verify/themes.ts";

process.exitCode = await runCommand(async (cleanups) => {
  const options = readVerifyOptions(process.argv.slice(2), process.env);
  if (options.help) {
    console.log(VERIFY_USAGE);
    return 0;
  }
  const { url, key, gitToken, operatorKey, metricsKey, isLoopback, yes, json, write } = options;
  const themes = chosen(THEMES, options.only);
  const against = url === undefined ? "a Warmtree of this machine" : new URL(url).host;
  console.error(boundsOf(against, mostSeconds(themes)));
  if (!isLoopback && !yes) {
    console.error("Nothing was done. With --yes it goes on.");
    return 1;
  }
  const scene = await sceneOf(options, cleanups);
  const secrets = [key, gitToken, operatorKey, metricsKey];
  const subject = async () => {
    const versions = [
      `Warmtree ${await served(scene)}`,
      `npm run verify ${manifest.version}`,
      `Node ${process.versions.node}`,
    ];
    return { against, versions };
  };
  return verified({ command: "verify", themes, scene, secrets, subject, json, write });
});

/** Returns the version that the Worker reports, if it reports one. */
async function served(scene: Scene): Promise<string> {
  const answer = await scene.request("GET", "/healthz").catch(() => undefined);
  return z.object({ version: z.string() }).safeParse(answer?.json).data?.version ?? "of no known version";
}

function boundsOf(against: string, seconds: number): string {
  const sandboxSeconds = MOST_WORKSPACES * MOST_RUNNING_S;
  const usd = (most: number) => `$${(most * usdPerSecond(DEFAULT_SIZE)).toFixed(2)}`;
  return (
    `checking ${against}: at most ${Math.ceil(seconds / 60)} minutes, ${MOST_WORKSPACES} workspaces, ${sandboxSeconds} sandbox ` +
    `seconds, ${usd(sandboxSeconds)} (2 vCPU, 512 MiB), beside the pool's own. That is if it is killed; ` +
    `otherwise all are ended within minutes, ${usd(MOST_WORKSPACES * 60)} or so`
  );
}
