import { configOf, rentUsdPerS } from "../config.ts";
import { controlPlane } from "../e2b/control.ts";
import { snapshotPlane as snapshotPlaneOf } from "../e2b/snapshots.ts";
import { probeAfterResume, probeBeforePause } from "../ops/probes/tree-state.ts";
import { seedState } from "../ops/probes/base-clone.ts";
import { shareOf } from "../pool/share.ts";
import { Termination } from "./sandboxes/termination.ts";
import { type SampleSources, sampleChangesAt, takeSample } from "./reporting/sample.ts";
import { probeFor } from "./sandboxes/probe.ts";
import { IdlePolicy } from "./sandboxes/idle-policy.ts";
import { Ledger } from "./storage/ledger.ts";
import { Lifecycle } from "./sandboxes/lifecycle.ts";
import { SnapshotBuilder } from "./snapshots/builder.ts";
import { MetricsReporter } from "./reporting/reporter.ts";
import { StartPatience } from "./sandboxes/start-patience.ts";
import { Reconciler } from "./sandboxes/reconciler.ts";
import type { Row } from "./storage/row.ts";
import { SandboxTable } from "./storage/sandbox-table.ts";
import { KeyValues } from "./storage/key-values.ts";
import { SnapshotTable } from "./storage/snapshot-table.ts";
import { SnapshotCatalog } from "./snapshots/catalog.ts";
import { TemplateVersion } from "./sandboxes/template-version.ts";
import { WarmPoolFiller } from "./sandboxes/warm-pool-filler.ts";

/** What a shard of the pool is made of. */
export type Shard = ReturnType<typeof createShard>;

/** Puts a shard together from its storage and the settings. Its tables must be there. */
export function createShard({ storage }: DurableObjectState, env: Env, shard: number, now: number) {
  const config = configOf(env);
  const { waitUsdPerS, poolShards } = config;
  const share = (total: number) => shareOf(total, poolShards, shard);
  // A use is noted when an operation begins: a shorter stay would look for it again and again while one runs.
  const ttlMs = Math.max(config.unusedTtlS, config.operationTimeoutS) * 1000;
  const budgetUsd = config.monthlyBudgetUsd === undefined ? undefined : config.monthlyBudgetUsd / poolShards;
  const maxRunning = share(config.maxSandboxes);

  const plane = controlPlane(config.e2b);
  const rows = new SandboxTable(storage);
  const snapshotPlane = snapshotPlaneOf(config.e2b);
  const snapshotTable = new SnapshotTable(storage);
  const settings = new KeyValues(storage);
  const poolId = settings.poolId();
  const templates = new TemplateVersion(settings, config);
  const template = () => templates.name();
  // What comes of a snapshot has the size of the template beneath it.
  const rentOf = (row: Pick<Row, "template">) =>
    rentUsdPerS(config, snapshotTable.startedAs(row.template)?.template ?? row.template);
  const ledger = new Ledger(storage, rows, rentOf);
  const worth = { waitUsdPerS, rentUsdPerS: rentUsdPerS(config, template()) };
  const idlePolicy = new IdlePolicy(
    rows,
    settings,
    ledger,
    { policy: config.keepPolicy, ttlMs, worth, budgetUsd },
    now,
  );
  const reporter = new MetricsReporter(storage, {
    shard,
    metricsShards: config.metricsShards,
    facts: (at) => takeSample(facts, at),
    changesAt: (at) => sampleChangesAt(facts, at),
    send: (object, sample) => env.METRICS.getByName(object).report(sample),
  });
  const termination = new Termination(rows, ledger, idlePolicy, plane, reporter);
  const startPatience = new StartPatience(settings);
  const look = probeFor(config);
  const lifecycle = new Lifecycle({
    rows,
    ledger,
    idlePolicy,
    termination,
    reporter,
    plane,
    startPatience,
    probeBeforePause: look(probeBeforePause),
    probeAfterResume: look(probeAfterResume),
    ttlMs,
    poolId,
  });
  const reconciler = new Reconciler({ rows, settings, plane, lifecycle, termination, idlePolicy, reporter, poolId });
  const size = { min: share(config.pool.min), max: share(config.pool.max), maxRunning };
  const filler = new WarmPoolFiller(
    { rows, settings, lifecycle, startPatience, termination, idlePolicy, ...size, template, shard },
    now,
  );
  const making = { template, maxRunning, maxSnapshots: share(config.maxSnapshots), nameOf: snapshotName };
  const snapshots = new SnapshotCatalog({
    rows,
    snapshotTable,
    idlePolicy,
    snapshotPlane,
    policy: config.snapshotPolicy,
    ...making,
  });
  const builder = new SnapshotBuilder({
    rows,
    snapshotTable,
    snapshots,
    idlePolicy,
    lifecycle,
    startPatience,
    termination,
    reporter,
    snapshotPlane,
    snapshotMode: config.snapshotMode,
    shard,
    ...making,
    probeBaseClone: look(seedState),
    operationTimeoutMs: config.operationTimeoutS * 1000,
  });
  const facts: SampleSources = { rows, snapshotTable, ledger, idlePolicy, filler, rentOf, templates, budgetUsd };
  const ours = {
    rows,
    snapshotTable,
    idlePolicy,
    reporter,
    termination,
    lifecycle,
    startPatience,
    reconciler,
    filler,
    snapshots,
    builder,
  };
  return { shard, maxRunning, template, templates, ...ours };
}

/** What a snapshot is called at E2B; its id is unguessable, so no other deployment on the account has the name. */
const snapshotName = (snapshotId: string) => `warmtree-${snapshotId}`;
