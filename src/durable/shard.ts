import { archiveOf } from "../archive/archive.ts";
import { configOf, rentUsdPerS } from "../config.ts";
import { controlPlane } from "../e2b/control.ts";
import { snapshotPlane as snapshotPlaneOf } from "../e2b/snapshots.ts";
import { probeAfterResume, probeBeforePause } from "../ops/probes/tree-state.ts";
import { seedState } from "../ops/probes/base-clone.ts";
import { shareOf } from "../pool/share.ts";
import { webhooksOf } from "../webhooks/object.ts";
import { Termination } from "./sandboxes/termination.ts";
import { type SampleSources, sampleChangesAt, takeSample } from "./reporting/sample.ts";
import { probeFor, workSender } from "./sandboxes/probe.ts";
import { WorkSaver } from "./sandboxes/work-saver.ts";
import { IdlePolicy } from "./sandboxes/idle-policy.ts";
import { Ledger } from "./storage/ledger.ts";
import { Seal } from "./sandboxes/seal.ts";
import { Lifecycle } from "./sandboxes/lifecycle.ts";
import { Moves } from "./sandboxes/moves.ts";
import { OrphanedStarts } from "./sandboxes/orphaned-starts.ts";
import { RunningState } from "./sandboxes/running-state.ts";
import { Starts } from "./sandboxes/starts.ts";
import { SnapshotBuilder } from "./snapshots/builder.ts";
import { MetricsReporter } from "./reporting/reporter.ts";
import { Outbox } from "./reporting/outbox.ts";
import { BudgetWatch } from "./sandboxes/budget-watch.ts";
import { StartPatience } from "./sandboxes/start-patience.ts";
import { Reconciler } from "./sandboxes/reconciler.ts";
import type { Row } from "./storage/row.ts";
import { SandboxTable } from "./storage/sandbox-table.ts";
import { KeyValues } from "./storage/key-values.ts";
import { SnapshotTable } from "./storage/snapshot-table.ts";
import { SnapshotCatalog } from "./snapshots/catalog.ts";
import { TemplateVersion } from "./sandboxes/template-version.ts";
import { WarmPoolFiller } from "./sandboxes/warm-pool-filler.ts";

/** The parts of one pool shard. */
export type Shard = ReturnType<typeof createShard>;

/**
 * Builds the parts of one pool shard from its storage and the settings (composition root). Run `migrate` first.
 * @param shard number of the shard, from 0
 * @throws ConfigError when a setting is invalid
 * @example
 * const parts = createShard(ctx, env, 0, Date.now());
 * const row = parts.rows.get("s0-4k7m2x9qwe3rty5zpbna");
 */
export function createShard({ storage }: DurableObjectState, env: Env, shard: number, now: number) {
  const config = configOf(env);
  const { waitUsdPerS, poolShards } = config;
  const share = (total: number) => shareOf(total, poolShards, shard);
  // Never below the operation timeout: last_used_at is set when an operation starts, so a shorter TTL would check a
  // busy workspace again and again.
  const ttlMs = Math.max(config.unusedTtlS, config.operationTimeoutS) * 1000;
  const budgetUsd = config.monthlyBudgetUsd === undefined ? undefined : config.monthlyBudgetUsd / poolShards;
  const maxRunning = share(config.maxSandboxes);

  const maxWorkspacesPerTenant = Math.max(1, share(config.maxWorkspacesPerTenant));

  const plane = controlPlane(config.e2b);
  const rows = new SandboxTable(storage);
  const snapshotPlane = snapshotPlaneOf(config.e2b);
  const snapshotTable = new SnapshotTable(storage);
  const settings = new KeyValues(storage);
  const poolId = settings.poolId();
  const templates = new TemplateVersion(settings, config);
  const template = () => templates.name();
  // A sandbox started from a snapshot has the size of the template that the snapshot is based on.
  const rentOf = (row: Pick<Row, "template">) =>
    rentUsdPerS(config, snapshotTable.startedAs(row.template)?.template ?? row.template);
  const ledger = new Ledger(storage, rows, rentOf);
  const worth = { waitUsdPerS, rentUsdPerS: rentUsdPerS(config, template()) };
  const outbox = new Outbox(storage, {
    isOpen: config.leaseKeys.length > 0,
    send: (event) => webhooksOf(env, config, event.tenant).emit(event),
  });
  const idlePolicy = new IdlePolicy(
    rows,
    settings,
    ledger,
    { policy: config.keepPolicy, ttlMs, worth, budgetUsd, tellsDrops: outbox.isOpen },
    now,
  );
  const reporter = new MetricsReporter(storage, {
    shard,
    metricsShards: config.metricsShards,
    takeSample: (at) => takeSample(sampleSources, at),
    changesAt: (at) => sampleChangesAt(sampleSources, at),
    send: (object, sample) => env.METRICS.getByName(object).report(sample),
  });
  const termination = new Termination(rows, ledger, idlePolicy, plane, reporter);
  const seal = new Seal(rows, plane, config.sealedTo);
  const startPatience = new StartPatience(settings);
  const probe = probeFor(config);
  const moves = new Moves();
  const orphans = new OrphanedStarts({ rows, termination, plane, ttlMs, poolId });
  const running = new RunningState({ rows, idlePolicy, plane, orphans, ttlMs });
  const starts = new Starts({
    rows,
    moves,
    running,
    orphans,
    termination,
    reporter,
    plane,
    seal,
    startPatience,
    ttlMs,
  });
  const lifecycle = new Lifecycle({
    rows,
    ledger,
    moves,
    running,
    idlePolicy,
    termination,
    reporter,
    outbox,
    plane,
    seal,
    startPatience,
    probeBeforePause: probe(probeBeforePause),
    probeAfterResume: probe(probeAfterResume),
    ttlMs,
  });
  const saver = new WorkSaver({
    rows,
    moves,
    lifecycle,
    termination,
    idlePolicy,
    reporter,
    archive: () => archiveOf(env),
    send: workSender(config),
    maxRunning,
    operationTimeoutMs: config.operationTimeoutS * 1000,
  });
  const reconciler = new Reconciler({
    rows,
    settings,
    plane,
    moves,
    starts,
    lifecycle,
    termination,
    idlePolicy,
    reporter,
    poolId,
  });
  const size = { min: share(config.pool.min), max: share(config.pool.max), maxRunning };
  const filler = new WarmPoolFiller(
    { rows, settings, starts, startPatience, termination, idlePolicy, ...size, template, shard },
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
    moves,
    starts,
    startPatience,
    termination,
    reporter,
    snapshotPlane,
    snapshotMode: config.snapshotMode,
    shard,
    ...making,
    probeBaseClone: probe(seedState),
    operationTimeoutMs: config.operationTimeoutS * 1000,
  });
  const sampleSources: SampleSources = {
    rows,
    snapshotTable,
    ledger,
    idlePolicy,
    filler,
    rentOf,
    templates,
    budgetUsd,
  };
  const budgetWatch = new BudgetWatch({ settings, idlePolicy, outbox, budgetUsd, shards: poolShards });
  const ours = {
    outbox,
    budgetWatch,
    rows,
    snapshotTable,
    idlePolicy,
    reporter,
    termination,
    moves,
    starts,
    lifecycle,
    seal,
    saver,
    startPatience,
    reconciler,
    filler,
    snapshots,
    builder,
  };
  return { shard, maxRunning, maxWorkspacesPerTenant, template, templates, ...ours };
}

/** A snapshot's name at E2B. The id is unguessable, so no other deployment on the account uses the name. */
const snapshotName = (snapshotId: string) => `warmtree-${snapshotId}`;
