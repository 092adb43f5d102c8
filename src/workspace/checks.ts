import manifest from "../../package.json" with { type: "json" };
import type { Config } from "../config.ts";
import { controlPlane } from "../e2b/control.ts";
import { E2bError } from "../e2b/error.ts";
import { poolValues } from "../metrics/pool-values.ts";
import { readMetrics } from "../metrics/scrape.ts";
import { seriesOf } from "../metrics/series.ts";
import type { Caller } from "./caller.ts";
import { templateView } from "./template-view.ts";

/** Timeout of the request to E2B: short, because a person waits for the response. */
const E2B_WITHIN_MS = 5000;

/** Checks whether the settings work. Changes nothing, starts no sandbox, and requests one list from E2B. */
export async function checksOf(caller: Caller) {
  const { config, env } = caller;
  const now = Date.now();
  const [e2b, reading, template] = await Promise.all([
    e2bState(config),
    readMetrics({ config, env }),
    templateView(caller),
  ]);
  const values = poolValues(reading.samples, now);
  const spentUsd = values.get(seriesOf("warmtree_spend_usd", { period: "month" })) ?? 0;
  return {
    version: manifest.version,
    allowed_git_hosts: [...config.allowedGitHosts],
    has_github_token: config.githubToken !== undefined,
    has_operator_key: config.operatorKey !== undefined,
    has_metrics_key: config.metricsKey !== undefined,
    budget: budgetOf(config.monthlyBudgetUsd, spentUsd),
    e2b: { ...e2b, most: config.maxSandboxes },
    pool: {
      least: config.pool.min,
      size: values.get(seriesOf("warmtree_pool_size", {})) ?? 0,
      target: values.get(seriesOf("warmtree_pool_target", {})) ?? 0,
    },
    template,
  };
}

function budgetOf(limitUsd: number | undefined, spentUsd: number): "none" | "ample" | "spent" {
  if (limitUsd === undefined) return "none";
  return spentUsd < limitUsd ? "ample" : "spent";
}

interface E2bState {
  readonly state: "ok" | "refused" | "unreachable";
  readonly running: number | null;
}

async function e2bState({ e2b }: Config): Promise<E2bState> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), E2B_WITHIN_MS);
  });
  try {
    const running = await Promise.race([controlPlane(e2b).list({ metadata: {}, states: ["running"] }), late]);
    return running ? { state: "ok", running: running.length } : UNREACHABLE;
  } catch (error) {
    const isRefused = error instanceof E2bError && error.code === "unauthenticated";
    return isRefused ? { state: "refused", running: null } : UNREACHABLE;
  } finally {
    if (timer !== undefined) clearTimeout(timer);
  }
}

const UNREACHABLE: E2bState = { state: "unreachable", running: null };
