/** Panels of Grafana's dashboard: the queries of each, and how their results are displayed. */

interface Query {
  readonly expr: string;
  /** Name of the line; Grafana fills in `{{label}}`. */
  readonly legend: string;
}

export interface Panel {
  readonly title: string;
  readonly kind: "stat" | "lines" | "stack";
  readonly unit: string;
  /** Explanation of the panel. */
  readonly about: string;
  readonly queries: readonly Query[];
  /** Shows exemplars: single operations whose traces were kept. */
  readonly examples?: true;
  /** Values from which the panel needs a look, and from which it is bad. */
  readonly thresholds?: readonly [look: number, bad: number];
}

const quantile = (share: number): Query => ({
  expr: `histogram_quantile(${share}, sum by (operation, le) (rate(git_operation_duration_seconds_bucket{operation=~"$operation"}[$__rate_interval])))`,
  legend: `{{operation}} p${share * 100}`,
});

/** Rows from top to bottom; the panels of a row share its width. */
export const ROWS: readonly (readonly Panel[])[] = [
  [
    {
      title: "Operations a minute",
      kind: "stat",
      unit: "short",
      about: "Started, over the last five minutes.",
      queries: [{ expr: 'sum(warmtree:git_operations:rate5m{status="started"}) * 60', legend: "" }],
    },
    {
      title: "Operations that fail",
      kind: "stat",
      unit: "percentunit",
      about: "Over the last ten minutes; conflicts are answers and do not count.",
      queries: [{ expr: "warmtree:git_operation_errors:ratio_rate10m or vector(0)", legend: "" }],
      thresholds: [0.01, 0.05],
    },
    {
      title: "Clone, p95",
      kind: "stat",
      unit: "s",
      about: "Nineteen of twenty clones of the last ten minutes were faster.",
      queries: [{ expr: 'warmtree:git_operation_duration_seconds:p95_10m{operation="clone"}', legend: "" }],
      thresholds: [5, 10],
    },
    {
      title: "Hit rate",
      kind: "stat",
      unit: "percentunit",
      about: "Claims of the last hour that found their sandbox, running or paused.",
      queries: [{ expr: "warmtree:claims:hit_ratio_rate1h", legend: "" }],
    },
    {
      title: "Spent this month",
      kind: "stat",
      unit: "currencyUSD",
      about: "Since the first of the month, UTC.",
      queries: [{ expr: 'sum(warmtree_spend_usd{period="month"})', legend: "" }],
    },
    {
      title: "Budget used",
      kind: "stat",
      unit: "percentunit",
      about: "Nothing is shown while E2B_MONTHLY_BUDGET_USD is none.",
      queries: [{ expr: "warmtree:budget_used:ratio", legend: "" }],
      thresholds: [0.8, 1],
    },
  ],
  [
    {
      title: "Operations a minute, by operation",
      kind: "stack",
      unit: "short",
      about: "Started. Edits, reads, searches and all that have no series of their own are other.",
      queries: [{ expr: 'warmtree:git_operations:rate5m{status="started"} * 60', legend: "{{operation}}" }],
    },
    {
      title: "Duration",
      kind: "lines",
      unit: "s",
      about: "Of operations that succeeded. Choose operations at the top.",
      queries: [quantile(0.5), quantile(0.95), quantile(0.99)],
      examples: true,
    },
    {
      title: "Errors a minute, by type",
      kind: "stack",
      unit: "short",
      about:
        "auth: credentials; conflict: an answer to the caller; network: E2B or the git host; other: everything else.",
      queries: [{ expr: "sum by (error_type) (rate(git_operation_errors_total[5m])) * 60", legend: "{{error_type}}" }],
    },
  ],
  [
    {
      title: "Sandboxes, by state",
      kind: "stack",
      unit: "short",
      about: "Paused ones cost nothing. gone: ended, and E2B has yet to confirm it.",
      queries: [{ expr: "sum by (state) (warmtree_sandboxes)", legend: "{{state}}" }],
    },
    {
      title: "Workspaces, by tier",
      kind: "stack",
      unit: "short",
      about: "How long an idle workspace stays running; cold ones are paused.",
      queries: [{ expr: "sum by (tier) (warmtree_workspaces)", legend: "{{tier}}" }],
    },
    {
      title: "Claims a minute, by source",
      kind: "stack",
      unit: "short",
      about: "live and paused are hits; cold ones waited for E2B.",
      queries: [{ expr: "sum by (source) (rate(warmtree_claims_total[5m])) * 60", legend: "{{source}}" }],
    },
  ],
  [
    {
      title: "Warm pool",
      kind: "lines",
      unit: "short",
      about: "What it wants to have, and what it has.",
      queries: [
        { expr: "sum(warmtree_pool_target)", legend: "target" },
        { expr: "sum(warmtree_pool_size)", legend: "size" },
      ],
    },
    {
      title: "Asked of E2B, a minute",
      kind: "lines",
      unit: "short",
      about: "Starts, resumes, pauses and kills, and those that failed.",
      queries: [
        { expr: "sum by (move) (rate(warmtree_sandbox_moves_total[5m])) * 60", legend: "{{move}}" },
        { expr: "sum by (move) (rate(warmtree_sandbox_move_failures_total[5m])) * 60", legend: "{{move}} failed" },
      ],
    },
    {
      title: "Spend",
      kind: "lines",
      unit: "currencyUSD",
      about: "This month so far, what it comes to at this pace, and the budget.",
      queries: [
        { expr: 'sum(warmtree_spend_usd{period="month"})', legend: "this month" },
        { expr: "warmtree:spend_usd:projected_month", legend: "at this pace" },
        { expr: "sum(warmtree_budget_usd) > 0", legend: "budget" },
      ],
    },
  ],
  [
    {
      title: "Sandbox hours a day",
      kind: "stat",
      unit: "h",
      about: "Over the last 24 hours.",
      queries: [{ expr: "sum(increase(sandbox_hours_total[24h]))", legend: "" }],
    },
    {
      title: "Age of the template",
      kind: "stat",
      unit: "s",
      about: "It is rebuilt weekly. Nothing is shown for one that Warmtree did not build.",
      queries: [{ expr: "time() - (max(warmtree_template_built_timestamp_seconds) > 0)", legend: "" }],
      thresholds: [8 * 86_400, 9 * 86_400],
    },
    {
      title: "Repository snapshots",
      kind: "stat",
      unit: "short",
      about: "Clones start from them and fetch the rest.",
      queries: [{ expr: "sum(warmtree_repository_snapshots)", legend: "" }],
    },
    {
      title: "Age of the oldest snapshot",
      kind: "stat",
      unit: "s",
      about: "Nothing is shown while there is none.",
      queries: [{ expr: "time() - (min(warmtree_repository_snapshot_oldest_timestamp_seconds) > 0)", legend: "" }],
    },
    {
      title: "Orphans a day",
      kind: "stat",
      unit: "short",
      about: "Sandboxes that reconcile found and no row knew.",
      queries: [{ expr: 'sum(increase(warmtree_reconcile_corrections_total{action=~"adopt|kill"}[24h]))', legend: "" }],
      thresholds: [1, 10],
    },
    {
      title: "Failed flushes an hour",
      kind: "stat",
      unit: "short",
      about: "Workers that could not hand in what they counted.",
      queries: [{ expr: "sum(increase(warmtree_metrics_flush_failures_total[1h]))", legend: "" }],
      thresholds: [1, 30],
    },
  ],
];
