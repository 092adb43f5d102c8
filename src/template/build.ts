import type { TemplatePlane } from "../e2b/templates.ts";
import type { SandboxSize } from "../pool/price.ts";
import {
  type BuildRecord,
  nextVersion,
  type Promoted,
  retirable,
  STABLE_TAG,
  stableVersion,
  TEMPLATE,
  templateName,
  versionTag,
} from "../pool/template.ts";
import type { Definition } from "./definition.ts";
import type { Smoke } from "./smoke.ts";

/** Runs the parts of a build in sequence. A Workflow stores each result, and continues after a restart. */
export interface Steps {
  run<T extends Rpc.Serializable<T>>(name: string, work: () => Promise<T>): Promise<T>;
  sleep(name: string, seconds: number): Promise<void>;
}

/** Template functions of the pool. */
export interface PoolDoor {
  /** Returns the newest build reported to the pool. */
  newestBuild(): Promise<BuildRecord | undefined>;
  note(build: BuildRecord): Promise<void>;
  /** Promotes a version: new sandboxes start from it, unless a later one is promoted. */
  promote(promoted: Promoted): Promise<void>;
  /** Lists the template names that sandboxes and repository snapshots use. */
  namesInUse(): Promise<string[]>;
}

export interface BuildTools {
  readonly templates: TemplatePlane;
  readonly smokeTest: (template: string) => Promise<Smoke>;
  readonly definition: Definition;
  readonly size: SandboxSize;
  /** Absent: no reports, and no old version is retired. */
  readonly pool?: PoolDoor;
}

/** Compiling git on one CPU takes minutes; E2B allows an hour per step. */
const BUILD_DEADLINE_S = 3600;
/** The local host builds in a second, E2B in minutes. */
const FIRST_POLL_S = 1;
const POLL_GROWTH = 1.5;
const LONGEST_POLL_S = 20;

/**
 * Builds the next version of the template, tests it in a sandbox, and promotes it. After a failure new sandboxes keep
 * using the previous version. Retires unused versions at the end.
 */
export async function buildTemplate(steps: Steps, tools: BuildTools): Promise<BuildRecord> {
  const started = await steps.run("choose a version", () => chooseVersion(tools));
  const ended = await promotion(steps, tools, started).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    return steps.run("note the failure", () => noted(tools, { ...started, state: "failed", reason }));
  });
  const { pool } = tools;
  if (pool && ended.state === "promoted") {
    await steps.run("retire old versions", () => retire(tools.templates, pool, ended.version));
  }
  return ended;
}

/** Chooses the version. Also reports a promotion that the pool missed: one by the script, or by an interrupted run. */
async function chooseVersion({ templates, pool }: BuildTools): Promise<BuildRecord> {
  const tags = await templates.tags(TEMPLATE);
  const newest = await pool?.newestBuild();
  const stable = stableVersion(tags);
  if (stable !== undefined) await pool?.promote(stable);
  const version = nextVersion(tags, newest?.version ?? 0);
  const building: BuildRecord = { version, state: "building", startedAt: Date.now() };
  await pool?.note(building);
  return building;
}

/** Builds, tests and promotes a version. Rejects with the reason of a failure. */
async function promotion(steps: Steps, tools: BuildTools, started: BuildRecord): Promise<BuildRecord> {
  const { version } = started;
  const name = templateName(version);
  const builtAt = await build(steps, tools, version);
  const smoke = await steps.run("try it", () => tools.smokeTest(name));
  if (!smoke.ok) throw new Error(smoke.reason);
  const { git, fsmonitor, firstCommandMs } = smoke;
  await steps.run("promote it", () => tools.templates.assignTags(name, [STABLE_TAG]));
  return steps.run("note the promotion", async () => {
    await tools.pool?.promote({ version, builtAt });
    return noted(tools, { ...started, state: "promoted", git, fsmonitor, firstCommandMs });
  });
}

/** Builds a version. @returns when it was ready, in Unix milliseconds */
async function build(steps: Steps, { templates, definition, size }: BuildTools, version: number): Promise<number> {
  const request = { name: TEMPLATE, tags: [versionTag(version)], cpuCount: size.vcpus, memoryMb: size.memoryMib };
  const requested = await steps.run("request the build", () => templates.request(request));
  await steps.run("start the build", () => templates.start(requested, definition));
  let waitS = FIRST_POLL_S;
  for (let waitedS = 0; waitedS < BUILD_DEADLINE_S; waitedS += waitS) {
    await steps.sleep("wait", waitS);
    const { state, reason, at } = await steps.run("ask how it stands", async () => {
      const status = await templates.status(requested);
      return { ...status, at: Date.now() };
    });
    if (state === "ready") return at;
    if (state === "failed") throw new Error(reason);
    waitS = Math.min(LONGEST_POLL_S, waitS * POLL_GROWTH);
  }
  throw new Error(`E2B had not built it after ${BUILD_DEADLINE_S / 60} minutes`);
}

/** Reports the end of a build to the pool. */
async function noted({ pool }: BuildTools, record: BuildRecord): Promise<BuildRecord> {
  const ended = { ...record, endedAt: Date.now() };
  await pool?.note(ended);
  return ended;
}

async function retire(templates: TemplatePlane, pool: PoolDoor, current: number): Promise<string[]> {
  const tags = await templates.tags(TEMPLATE);
  const old = retirable(tags, current, new Set(await pool.namesInUse()));
  if (old.length > 0) await templates.removeTags(TEMPLATE, old);
  return old;
}
