import { configOf, rentUsdPerS } from "../config.ts";
import { controlPlane } from "../e2b/control.ts";
import { snapshotPlane as snapshotPlaneOf } from "../e2b/snapshots.ts";
import { lookAfterResume, lookBeforePause } from "../ops/probes/tree-state.ts";
import { seedState } from "../ops/probes/base-clone.ts";
import { shareOf } from "../pool/share.ts";
import { Endings } from "./sandboxes/termination.ts";
import { type FactsParts, factsChangeAt, factsOf } from "./reporting/sample.ts";
import { looker } from "./sandboxes/probe.ts";
import { Keeper } from "./sandboxes/idle-policy.ts";
import { Ledger } from "./storage/ledger.ts";
import { Lifecycle } from "./sandboxes/lifecycle.ts";
import { Maker } from "./snapshots/builder.ts";
import { MetricsReporter } from "./reporting/reporter.ts";
import { Patience } from "./sandboxes/start-patience.ts";
import { Reconciler } from "./sandboxes/reconciler.ts";
import type { Row } from "./storage/row.ts";
import { Rows } from "./storage/sandbox-table.ts";
import { Settings } from "./storage/key-values.ts";
import { SnapshotRows } from "./storage/snapshot-table.ts";
import { Snapshots } from "./snapshots/catalog.ts";
import { Templates } from "./sandboxes/template-version.ts";
import { WarmPool } from "./sandboxes/warm-pool-filler.ts";

/** What a shard of the pool is made of. */
export type Parts = ReturnType<typeof partsOf>;

/** Puts a shard together from its storage and the settings. Its tables must be there. */
export function partsOf({ storage }: DurableObjectState, env: Env, shard: number, now: number) {
  const config = configOf(env);
  const { waitUsdPerS, poolShards } = config;
  const share = (total: number) => shareOf(total, poolShards, shard);
  // A use is noted when an operation begins: a shorter stay would look for it again and again while one runs.
  const ttlMs = Math.max(config.unusedTtlS, config.operationTimeoutS) * 1000;
  const budgetUsd = config.monthlyBudgetUsd === undefined ? undefined : config.monthlyBudgetUsd / poolShards;
  const maxRunning = share(config.maxSandboxes);

  const plane = controlPlane(config.e2b);
  const rows = new Rows(storage);
  const snapshotPlane = snapshotPlaneOf(config.e2b);
  const snapshotRows = new SnapshotRows(storage);
  const settings = new Settings(storage);
  const poolId = settings.poolId();
  const templates = new Templates(settings, config);
  const template = () => templates.name();
  // What comes of a snapshot has the size of the template beneath it.
  const rentOf = (row: Pick<Row, "template">) =>
    rentUsdPerS(config, snapshotRows.startedAs(row.template)?.template ?? row.template);
  const ledger = new Ledger(storage, rows, rentOf);
  const worth = { waitUsdPerS, rentUsdPerS: rentUsdPerS(config, template()) };
  const keeper = new Keeper(rows, settings, ledger, { policy: config.keepPolicy, ttlMs, worth, budgetUsd }, now);
  const reporter = new MetricsReporter(storage, {
    shard,
    metricsShards: config.metricsShards,
    facts: (at) => factsOf(facts, at),
    changesAt: (at) => factsChangeAt(facts, at),
    send: (object, sample) => env.METRICS.getByName(object).report(sample),
  });
  const endings = new Endings(rows, ledger, keeper, plane, reporter);
  const patience = new Patience(settings);
  const look = looker(config);
  const lifecycle = new Lifecycle({
    rows,
    ledger,
    keeper,
    endings,
    reporter,
    plane,
    patience,
    lookBeforePause: look(lookBeforePause),
    lookAfterResume: look(lookAfterResume),
    ttlMs,
    poolId,
  });
  const reconciler = new Reconciler({ rows, settings, plane, lifecycle, endings, keeper, reporter, poolId });
  const size = { min: share(config.pool.min), max: share(config.pool.max), maxRunning };
  const warmPool = new WarmPool(
    { rows, settings, lifecycle, patience, endings, keeper, ...size, template, shard },
    now,
  );
  const making = { template, maxRunning, maxSnapshots: share(config.maxSnapshots), nameOf: snapshotName };
  const snapshots = new Snapshots({
    rows,
    snapshotRows,
    keeper,
    snapshotPlane,
    policy: config.snapshotPolicy,
    ...making,
  });
  const maker = new Maker({
    rows,
    snapshotRows,
    snapshots,
    keeper,
    lifecycle,
    patience,
    endings,
    reporter,
    snapshotPlane,
    shard,
    ...making,
    lookAtSeed: look(seedState),
    operationTimeoutMs: config.operationTimeoutS * 1000,
  });
  const facts: FactsParts = { rows, snapshotRows, ledger, keeper, warmPool, rentOf, templates, budgetUsd };
  const ours = {
    rows,
    snapshotRows,
    keeper,
    reporter,
    endings,
    lifecycle,
    patience,
    reconciler,
    warmPool,
    snapshots,
    maker,
  };
  return { shard, maxRunning, template, templates, ...ours };
}

/** What a snapshot is called at E2B; its id is unguessable, so no other deployment on the account has the name. */
const snapshotName = (snapshotId: string) => `warmtree-${snapshotId}`;
