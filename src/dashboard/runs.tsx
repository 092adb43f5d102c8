import { RUN_STATUSES } from "../durable/runs/types.ts";
import { Bar } from "./bar.tsx";
import type { Place } from "./place.ts";
import { curlOf } from "./reference/curl.ts";
import { RunState } from "./run-outcomes.tsx";
import { beganOf, progressOf, tookOf, whatOf, whichOf } from "./run-texts.ts";
import { Table } from "./table.tsx";
import type { RunSummary } from "./types.ts";
import type { useRuns } from "./use-runs.ts";

interface RunsProps extends Pick<ReturnType<typeof useRuns>, "listed" | "fault"> {
  readonly now: number;
  readonly place: Place;
  readonly onStatus: (status: Place["status"]) => void;
  readonly onOpen: (run: string) => void;
  readonly onMore: () => void;
}

const COLUMNS = [
  { label: "Run", isHeading: true },
  "State",
  "Progress",
  "Began",
  { label: "Took", isNumber: true },
  "Tenant",
];

/** Any repository that everybody can read. */
const EXAMPLE = {
  async: true,
  steps: [{ op: "clone", repo_url: "https://github.com/octocat/Hello-World", agent_id: "ada" }, { op: "log" }],
};

/** Runs of all tenants, newest first; each opens a dialog. */
export function Runs({ listed, fault, now, place: { tenant, status }, onStatus, onOpen, onMore }: RunsProps) {
  const isFiltered = tenant !== "" || status !== undefined;
  const none = isFiltered ? "None fits." : "None. A run goes on when its caller is gone. This begins one:";
  return (
    <section class="card" aria-labelledby="runs">
      <div class="titled">
        <h2 id="runs">Runs</h2>
        <label>
          State
          <select
            value={status ?? ""}
            onChange={({ currentTarget: { value } }) => onStatus(RUN_STATUSES.find((one) => one === value))}
          >
            <option value="">any</option>
            {RUN_STATUSES.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
      </div>
      {fault !== undefined && <p class="fault">The list could not be read. {fault}</p>}
      <Table
        caption="Runs"
        columns={COLUMNS}
        rows={listed?.items.map((run) => rowOf(run, now, onOpen)) ?? []}
        empty={listed ? none : "Loading…"}
      />
      {listed?.items.length === 0 && !isFiltered && <pre>{exampleAt(location.origin)}</pre>}
      {listed?.cursor !== undefined && (
        <button type="button" onClick={onMore}>
          Show more
        </button>
      )}
    </section>
  );
}

function rowOf(run: RunSummary, now: number, onOpen: RunsProps["onOpen"]) {
  const { text, done, failed } = progressOf(run);
  const parts = [
    { share: done, color: "good" },
    { share: failed, color: "bad" },
  ];
  return {
    key: run.run,
    cells: [
      <>
        <button type="button" class="link" onClick={() => onOpen(run.run)}>
          {whatOf(run)}
          <span class="hidden">: open run {run.run}</span>
        </button>
        <span class="muted block">{whichOf(run)}</span>
      </>,
      <RunState status={run.status} />,
      <span class="progress">
        {text}
        <Bar parts={parts} />
      </span>,
      beganOf(run, now),
      tookOf(run, now),
      run.tenant,
    ],
  };
}

const exampleAt = (origin: string) =>
  curlOf(
    {
      method: "post",
      path: "/v1/run",
      keys: ["apiKey"],
      requestBody: { content: { "application/json": { example: EXAMPLE } } },
    },
    origin,
  );
