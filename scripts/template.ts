import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { type Config, parseConfig } from "../src/config.ts";
import { templatePlane } from "../src/e2b/templates.ts";
import { type BuildRecord, nextVersion, stableVersion, TEMPLATE, templateName } from "../src/pool/template.ts";
import { buildTemplate, type Steps } from "../src/template/build.ts";
import { DEFINITIONS } from "../src/template/definition.ts";
import { smokeTest } from "../src/template/smoke.ts";
import { startLocalHost } from "./local-e2b/host.ts";
import { Cleanups } from "./support/cleanups.ts";

const USAGE = `npm run template -- [--dry-run] [--json]

Builds the next version of the sandbox template with your E2B_API_KEY, tries it in a sandbox, and points
tag 'stable' to it. A deployed Worker does the same by itself once a week, and takes over with its next
run what was built here. Without E2B_API_KEY it is built on a sandbox host on this machine, which shows
how it goes and is gone afterwards.

  --dry-run   shows what would be built and builds nothing
  --json      prints the result as one JSON object on stdout, {template, version, state, …}; the rest on stderr

Settings are taken from the environment: E2B_API_KEY, E2B_DOMAIN, E2B_API_URL, E2B_SANDBOX_URL,
E2B_TEMPLATE_VCPUS, E2B_TEMPLATE_MEMORY_MIB, and E2B_TEMPLATE_DEFINITION: debian, or host for a sandbox host
that shares this machine's programs (src/template/definition.ts). Exit code 1 when it was not promoted.`;

/** Prints one line for each part when it ends, with its time in seconds. */
const STEPS: Steps = {
  run: async (name, work) => {
    const startedAt = performance.now();
    const result = await work();
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    console.error(`${seconds.padStart(7)} s  ${name}`);
    return result;
  },
  sleep: (_, seconds) => sleep(seconds * 1000),
};

process.exitCode = await main();

async function main(): Promise<number> {
  const cleanups = new Cleanups();
  try {
    const options = readOptions();
    if (!options.help) return await run(options, await settings(cleanups));
    console.log(USAGE);
    return 0;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return 1;
  } finally {
    await cleanups.run();
  }
}

interface Options {
  readonly dryRun: boolean;
  readonly json: boolean;
  readonly help: boolean;
}

function readOptions(): Options {
  const flag = { type: "boolean", default: false } as const;
  const options = { "dry-run": flag, json: flag, help: { ...flag, short: "h" } } as const;
  const { "dry-run": dryRun, ...others } = parseArgs({ options }).values;
  return { dryRun, ...others };
}

async function settings(cleanups: Cleanups): Promise<Config> {
  if (process.env["E2B_API_KEY"]) return parseConfig(process.env);
  console.error("no E2B_API_KEY: on a sandbox host on this machine");
  const host = await startLocalHost({ log: (line) => console.error(`warning: ${line}`) });
  cleanups.add(() => host.close());
  return parseConfig({ ...process.env, E2B_API_KEY: "local", E2B_API_URL: host.url, E2B_SANDBOX_URL: host.url });
}

async function run({ dryRun, json }: Options, { e2b, builds, size }: Config): Promise<number> {
  if (builds === undefined) throw new Error("E2B_TEMPLATE names a template of your own; unset it to build one here");
  const definition = DEFINITIONS[builds];
  const templates = templatePlane(e2b);
  if (dryRun) {
    const tags = await templates.tags(TEMPLATE);
    const stable = stableVersion(tags)?.version ?? null;
    console.log(
      JSON.stringify({ template: TEMPLATE, next: nextVersion(tags, 0), stable, size, ...definition }, null, 2),
    );
    return 0;
  }
  console.error(`building at ${e2b.apiUrl}: ${builds}, ${size.vcpus} vCPU, ${size.memoryMib} MiB`);
  const record = await buildTemplate(STEPS, { templates, smokeTest: (name) => smokeTest(e2b, name), definition, size });
  report(record, json);
  return record.state === "promoted" ? 0 : 1;
}

function report(record: BuildRecord, json: boolean): void {
  const { version, state, reason, git, fsmonitor, firstCommandMs } = record;
  if (json) console.log(JSON.stringify({ template: templateName(version), ...record }));
  else if (state === "failed") console.log(`failed    ${templateName(version)}: ${reason}`);
  else {
    const monitor = fsmonitor ? "with" : "without";
    console.log(
      `${state}  ${templateName(version)}: git ${git} ${monitor} fsmonitor, first command after ${firstCommandMs} ms`,
    );
  }
}
