import { type Panel, ROWS } from "./dashboard-panels.ts";

const COLUMNS = 24;
const STAT_HEIGHT = 4;
const CHART_HEIGHT = 8;
const REF_IDS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const DATASOURCE = { type: "prometheus", uid: "${datasource}" };

/** A place in Grafana's grid, counted from the upper left. */
interface Place {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

/** Every query of every panel. */
export const DASHBOARD_QUERIES: readonly string[] = ROWS.flat().flatMap(({ queries }) =>
  queries.map(({ expr }) => expr),
);

/** Returns the dashboard in the format of Grafana's files. */
export function dashboard() {
  let top = 0;
  const panels = ROWS.flatMap((row) => {
    const height = row.every(({ kind }) => kind === "stat") ? STAT_HEIGHT : CHART_HEIGHT;
    const width = COLUMNS / row.length;
    const placed = row.map((panel, index) => panelJson(panel, { h: height, w: width, x: index * width, y: top }));
    top += height;
    return placed;
  });
  return {
    uid: "warmtree",
    title: "Warmtree",
    tags: ["warmtree"],
    schemaVersion: 39,
    editable: false,
    refresh: "1m",
    time: { from: "now-6h", to: "now" },
    timezone: "browser",
    templating: { list: [datasourceVariable(), operationVariable()] },
    panels: panels.map((panel, index) => ({ id: index + 1, ...panel })),
  };
}

function panelJson({ title, kind, unit, about, queries, thresholds, examples }: Panel, gridPos: Place) {
  const isStat = kind === "stat";
  return {
    title,
    description: about,
    type: isStat ? "stat" : "timeseries",
    datasource: DATASOURCE,
    gridPos,
    targets: queries.map(({ expr, legend }, index) => ({
      refId: REF_IDS.charAt(index),
      datasource: DATASOURCE,
      expr,
      legendFormat: legend,
      ...(isStat ? { instant: true } : { range: true, exemplar: examples === true }),
    })),
    fieldConfig: {
      defaults: {
        unit,
        min: 0,
        ...(isStat ? { noValue: "–", thresholds: steps(thresholds) } : lineStyle(kind === "stack")),
      },
      overrides: [],
    },
    options: isStat
      ? { colorMode: "value", graphMode: "none", reduceOptions: { calcs: ["lastNotNull"] } }
      : {
          tooltip: { mode: "multi", sort: "desc" },
          legend: { showLegend: true, placement: "bottom", calcs: ["lastNotNull"] },
        },
  };
}

const lineStyle = (isStacked: boolean) => ({
  custom: { fillOpacity: 15, stacking: { mode: isStacked ? "normal" : "none", group: "A" } },
});

/** Sets thresholds even if a panel has none: Grafana would colour all values above 80 red. */
const steps = ([look, bad]: readonly [number?, number?] = []) => ({
  mode: "absolute",
  steps: [
    { color: look === undefined ? "text" : "green", value: null },
    ...(look === undefined ? [] : [{ color: "orange", value: look }]),
    ...(bad === undefined ? [] : [{ color: "red", value: bad }]),
  ],
});

const datasourceVariable = () => ({ name: "datasource", label: "Prometheus", type: "datasource", query: "prometheus" });

function operationVariable() {
  const query = "label_values(git_operations_total, operation)";
  return {
    name: "operation",
    label: "Operation",
    type: "query",
    datasource: DATASOURCE,
    query: { query, refId: "operation" },
    definition: query,
    includeAll: true,
    multi: true,
    current: { text: ["clone", "status"], value: ["clone", "status"] },
  };
}
