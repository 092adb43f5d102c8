import { configOf } from "../config.ts";
import { controlPlane } from "../e2b/control.ts";
import { shareOf } from "../pool/share.ts";
import { Endings } from "./endings.ts";
import { type FactsParts, factsChangeAt, factsOf } from "./facts.ts";
import { inspector } from "./inspect.ts";
import { Keeper } from "./keeper.ts";
import { Ledger } from "./ledger.ts";
import { Lifecycle } from "./lifecycle.ts";
import { MetricsReporter } from "./metrics-reporter.ts";
import { Reconciler } from "./reconciler.ts";
import { Rows } from "./rows.ts";
import { Settings } from "./settings.ts";
import { WarmPool } from "./warm-pool.ts";

/** What a shard of the pool is made of. */
export type Parts = ReturnType<typeof partsOf>;

/** Puts a shard together from its storage and the settings. Its tables must be there. */
export function partsOf({ storage }: DurableObjectState, env: Env, shard: number, now: number) {
  const config = configOf(env);
  const { worth, poolShards } = config;
  const share = (total: number) => shareOf(total, poolShards, shard);
  // A use is noted when an operation begins: a shorter stay would look for it again and again while one runs.
  const ttlMs = Math.max(config.unusedTtlS, config.operationTimeoutS) * 1000;
  const budgetUsd = config.monthlyBudgetUsd === undefined ? undefined : config.monthlyBudgetUsd / poolShards;
  const maxRunning = share(config.maxSandboxes);
  const template = () => config.template;

  const plane = controlPlane(config.e2b);
  const rows = new Rows(storage);
  const settings = new Settings(storage);
  const poolId = settings.poolId();
  const ledger = new Ledger(storage, rows, worth.rentUsdPerS);
  const keeper = new Keeper(rows, settings, ledger, { policy: config.keepPolicy, ttlMs, worth, budgetUsd }, now);
  const reporter = new MetricsReporter(storage, env.METRICS, {
    shard,
    metricsShards: config.metricsShards,
    facts: (at) => factsOf(facts, at),
    changesAt: (at) => factsChangeAt(facts, at),
  });
  const endings = new Endings(rows, ledger, keeper, plane, reporter);
  const inspect = inspector(config);
  const lifecycle = new Lifecycle({ rows, ledger, keeper, endings, reporter, plane, inspect, ttlMs, poolId });
  const reconciler = new Reconciler({ rows, settings, plane, lifecycle, endings, reporter, poolId });
  const size = { min: share(config.pool.min), max: share(config.pool.max), maxRunning };
  const warmPool = new WarmPool({ rows, settings, lifecycle, endings, keeper, ...size, template, shard }, now);
  const facts: FactsParts = { rows, ledger, keeper, warmPool, usdPerS: worth.rentUsdPerS, budgetUsd };
  return { shard, maxRunning, template, rows, keeper, reporter, endings, lifecycle, reconciler, warmPool };
}
