import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { makeClientTypes } from "./scripts/support/client-package.ts";
import { buildPage } from "./scripts/support/page.ts";
import { textFiles } from "./scripts/support/text-files.ts";

// Outside of wrangler, which does it by itself: the Worker holds the page as text.
await buildPage();
// The client's tests run its sources.
await makeClientTypes();

// Files leave nothing behind that another could see (`isolate: false`): a process for each would take half a second more.

/** Dozens of processes a test, on machines that do other things too: it ends a test that hangs, and times none. */
const TEST_TIMEOUT_MS = 120_000;

/** Hundreds of steps, each with a dozen processes; and where one fails, many more to make it short. */
const WALK_TIMEOUT_MS = process.env["NIGHTLY"] ? 10_800_000 : 1_800_000;

/** What is waited for comes in milliseconds, or in many seconds where the machine is busy. */
const WAITING = { poll: { timeout: 60_000 } };

/** A worker a core, and one for the tests that wait; by itself vitest leaves one core idle, which is half of two. */
const WORKERS = availableParallelism() + 1;

const WITH_WARM_POOL = [
  "test/durable/warm-pool.workerd.test.ts",
  "test/durable/model.workerd.test.ts",
  "test/workflows/template-build.workerd.test.ts",
];

const WITH_LEASE_KEY = ["test/**/webhooks*.workerd.test.ts"];

/** Sequences of the pool's model test: a few seconds with every run, minutes at night. */
const MODEL_RUNS = process.env["NIGHTLY"] ? 500 : 50;

/**
 * What property tests draw: the same for everybody with every run, so that a failure is of the change at hand; anew at night.
 * 1 has no meaning of its own.
 */
const PROPERTY_SEED = process.env["NIGHTLY"] ? undefined : 1;
const PROPERTIES = { setupFiles: ["./test/support/property-seed.ts"], provide: { propertySeed: PROPERTY_SEED } };
const IN_NODE = { ...PROPERTIES, setupFiles: [...PROPERTIES.setupFiles, "./test/support/elsewhere.ts"] };

/** Property tests send more requests a minute than any caller may. */
const UNLIMITED = Object.fromEntries(
  ["REQUESTS_PER_KEY", "REQUESTS_PER_TENANT"].map((name) => [
    name,
    { namespace_id: name, simple: { limit: 1_000_000, period: 60 as const } },
  ]),
);

function workerdProject(name: string, include: string[], exclude: string[], settings: Record<string, string>) {
  return {
    plugins: [
      textFiles,
      cloudflareTest(({ inject }) => {
        const url = inject("e2bUrl");
        const e2b = { E2B_API_KEY: "test", E2B_API_URL: url, E2B_SANDBOX_URL: url };
        // Tests call the Worker itself: nothing stands between.
        const bindings = { ...e2b, LOOPBACK_ACCESS: "open", ...settings };
        // A link: beside the file itself, wrangler would find .dev.vars, somebody's own settings.
        return {
          main: "./src/index.ts",
          wrangler: { configPath: "./test/wrangler.toml" },
          miniflare: { bindings, r2Buckets: ["ARCHIVE"], ratelimits: UNLIMITED },
        };
      }),
    ],
    test: {
      name,
      include,
      exclude,
      testTimeout: TEST_TIMEOUT_MS,
      expect: WAITING,
      // One sandbox host serves all files of a project, and its faults meet whoever calls.
      fileParallelism: false,
      // A runtime for each file would take longer than the tests.
      isolate: false,
      // By itself, where all projects run at once: it has another number of workers than they.
      sequence: { groupOrder: 1 },
      setupFiles: [...PROPERTIES.setupFiles, "./test/durable/fresh-objects.ts"],
      globalSetup: ["./test/support/local-host.ts"],
      provide: { ...PROPERTIES.provide, modelRuns: MODEL_RUNS },
    },
  };
}

/**
 * `unit` runs pure code in Node, `workerd`, `workerd-pool` (with a warm pool) and `workerd-keyed` (with LEASE_KEY) run
 * Durable Objects in the production runtime against a local sandbox host, `integration` drives real processes (the bundled
 * Worker, the local sandbox host, git), each file its own.
 */
export default defineConfig({
  test: {
    // What the Worker logs while faults are tried on it is of interest only where a test fails.
    silent: "passed-only",
    reporters: ["default", "./test/support/reporter.ts"],
    projects: [
      {
        plugins: [textFiles],
        test: {
          ...IN_NODE,
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/**/*.workerd.test.ts", "test/integration/**", "test/security/**", "test/walk/walk.test.ts"],
          isolate: false,
          testTimeout: TEST_TIMEOUT_MS,
          expect: WAITING,
          hookTimeout: TEST_TIMEOUT_MS,
          maxWorkers: WORKERS,
        },
      },
      workerdProject("workerd", ["test/**/*.workerd.test.ts"], [...WITH_WARM_POOL, ...WITH_LEASE_KEY], {
        POOL_MIN: "0",
        POOL_MAX: "0",
        SNAPSHOT_MAX: "2",
      }),
      workerdProject("workerd-pool", WITH_WARM_POOL, [], {
        POOL_MIN: "2",
        POOL_MAX: "4",
        E2B_MAX_SANDBOXES: "6",
        E2B_MONTHLY_BUDGET_USD: "10",
      }),
      workerdProject("workerd-keyed", WITH_LEASE_KEY, [], {
        POOL_MIN: "0",
        POOL_MAX: "0",
        LEASE_KEY: "A".repeat(43),
      }),
      {
        // By name: minutes of hostile calls; and what every run has of the kind.
        plugins: [textFiles],
        test: {
          ...IN_NODE,
          name: "security",
          include: [
            "test/security/**/*.test.ts",
            "test/integration/{rebinding,wrangler-dev,echo-host,token-hosts,credentials,broker,broker-leases,tenants}.test.ts",
          ],
          isolate: false,
          testTimeout: TEST_TIMEOUT_MS,
          expect: WAITING,
          hookTimeout: TEST_TIMEOUT_MS,
          fileParallelism: false,
          // Projects with other numbers of workers run one after the other.
          sequence: { groupOrder: 1 },
        },
      },
      {
        // Two walks at a time, beside everything else.
        plugins: [textFiles],
        test: {
          ...IN_NODE,
          name: "walk",
          include: ["test/walk/walk.test.ts"],
          testTimeout: WALK_TIMEOUT_MS,
        },
      },
      {
        plugins: [textFiles],
        test: {
          ...IN_NODE,
          name: "integration",
          include: ["test/integration/**/*.test.ts", "scripts/local-e2b/test/*.test.ts", "client/test/*.test.ts"],
          isolate: false,
          testTimeout: TEST_TIMEOUT_MS,
          expect: WAITING,
          hookTimeout: TEST_TIMEOUT_MS,
          maxWorkers: WORKERS,
        },
      },
    ],
  },
});
