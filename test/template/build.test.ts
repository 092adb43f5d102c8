import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type LocalHost, startLocalHost } from "../../scripts/local-e2b/host.ts";
import { controlPlane } from "../../src/e2b/control.ts";
import { type TemplatePlane, templatePlane } from "../../src/e2b/templates.ts";
import { type BuildRecord, type Promoted, templateName } from "../../src/pool/template.ts";
import { type BuildTools, buildTemplate, type PoolDoor, type Steps } from "../../src/template/build.ts";
import { type Definition, DEFINITIONS } from "../../src/template/definition.ts";
import { smokeTest } from "../../src/template/smoke.ts";

let host: LocalHost;
let accounts = 0;
let e2b: Parameters<typeof controlPlane>[0];
let templates: TemplatePlane;

beforeAll(async () => {
  host = await startLocalHost({ isolation: "none" });
});
afterAll(() => host.close());
beforeEach(() => {
  // A key is an account: no test sees another's templates.
  e2b = { apiKey: `key-${++accounts}`, apiUrl: host.url, sandboxUrl: host.url, domain: "e2b.app" };
  templates = templatePlane(e2b);
});

/** Runs the parts at once; ignores the length of sleeps. */
const steps: Steps = { run: (_, work) => work(), sleep: () => new Promise((resolve) => setTimeout(resolve, 5)) };

/** A pool that records its builds, and names the versions in use. */
class ToldPool implements PoolDoor {
  readonly promoted: Promoted[] = [];
  readonly notes: BuildRecord[] = [];
  inUse: string[] = [];

  newestBuild = async () => this.notes.at(-1);
  note = async (build: BuildRecord) => void this.notes.push(build);
  promote = async (promoted: Promoted) => void this.promoted.push(promoted);
  namesInUse = async () => this.inUse;
}

const size = { vcpus: 1, memoryMib: 512 };
const tools = (definition: Definition = DEFINITIONS.host): BuildTools => ({
  templates,
  smokeTest: (name) => smokeTest(e2b, name),
  definition,
  size,
});
/** Tools with a smoke test that always succeeds, for tests of other subjects. */
const untried = (definition?: Definition): BuildTools => ({
  ...tools(definition),
  smokeTest: async () => ({ ok: true, git: "2.55.0", fsmonitor: true, firstCommandMs: 1 }),
});
const withStep = (command: string): Definition => ({
  ...DEFINITIONS.host,
  steps: [...DEFINITIONS.host.steps, { type: "RUN", args: [command, "user"] }],
});
const tagNames = async () => (await templates.tags("warmtree")).map(({ tag }) => tag).sort();

describe("a build", () => {
  test("is tried, promoted by tag, and told to the pool", async () => {
    const pool = new ToldPool();
    const record = await buildTemplate(steps, { ...tools(), pool });
    expect(record).toMatchObject({ version: 1, state: "promoted", git: expect.stringMatching(/^\d+\.\d+/) });
    expect(record.firstCommandMs).toBeGreaterThan(0);
    expect(pool.promoted).toEqual([{ version: 1, builtAt: expect.any(Number) }]);
    expect(pool.notes.map(({ state }) => state)).toEqual(["building", "promoted"]);
    expect(pool.notes[1]).toEqual(record);
    expect(await tagNames()).toEqual(["stable", "v1"]);

    const plane = controlPlane(e2b);
    const metadata = { by: "test" };
    const { sandboxId } = await plane.create({ template: "warmtree:stable", timeoutS: 60, metadata, autoPause: false });
    const [listed, ...others] = await plane.list({ metadata: {}, states: ["running", "paused"] });
    expect({ listed, others }).toMatchObject({ listed: { sandboxId }, others: [] }); // The smoke test's is gone.
    await plane.kill(sandboxId);
  });

  test("with a step that fails is not promoted, and says which", async () => {
    const pool = new ToldPool();
    const good = await buildTemplate(steps, { ...untried(), pool });
    const record = await buildTemplate(steps, { ...tools(withStep("echo no room >&2; exit 3")), pool });
    expect(record).toMatchObject({
      version: 2,
      state: "failed",
      reason: expect.stringMatching(/^step 2: .*exit status 3/),
    });
    expect(pool.notes.at(-1)).toEqual(record);
    // Promoted again at the start of the second run, with the same version.
    expect(pool.promoted.map(({ version }) => version)).toEqual([good.version, good.version]);
    expect(await tagNames()).toEqual(["stable", "v1", "v2"]);
  });

  test("whose sandbox cannot clone is not promoted", async () => {
    const record = await buildTemplate(steps, tools(withStep("echo '[core' >~/.gitconfig")));
    expect(record).toMatchObject({ version: 1, state: "failed", reason: expect.stringContaining("bad config") });
    expect(await tagNames()).toEqual(["v1"]);
  });

  test("that E2B fails to tag is not promoted, and the reason is E2B's", async () => {
    const failing: Steps = {
      ...steps,
      run: (name, work) => {
        if (name === "promote it") host.faults.set({ controlErrors: { count: 4, status: 503 } });
        return work();
      },
    };
    const record = await buildTemplate(failing, untried());
    expect(record).toMatchObject({
      state: "failed",
      reason: expect.stringContaining("E2B did not tag a template build"),
    });
    expect(await tagNames()).toEqual(["v1"]);
  });
});

describe("older versions", () => {
  test("are retired once nothing is left of them, those of failed builds too", async () => {
    const pool = new ToldPool();
    await buildTemplate(steps, { ...untried(), pool });
    await buildTemplate(steps, { ...untried(withStep("exit 1")), pool });
    pool.inUse = [templateName(1)];
    await buildTemplate(steps, { ...untried(), pool });
    expect(await tagNames()).toEqual(["stable", "v1", "v3"]);
    pool.inUse = [templateName(3)];
    await buildTemplate(steps, { ...untried(), pool });
    expect(await tagNames()).toEqual(["stable", "v3", "v4"]);
  });

  test("are left alone by a run that knows no pool; the pool is told by its own next run", async () => {
    await buildTemplate(steps, untried());
    await buildTemplate(steps, untried());
    expect(await tagNames()).toEqual(["stable", "v1", "v2"]);
    const pool = new ToldPool();
    await buildTemplate(steps, { ...untried(withStep("exit 1")), pool });
    expect(pool.promoted).toEqual([{ version: 2, builtAt: expect.any(Number) }]);
  });
});
