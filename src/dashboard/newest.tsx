import { clock, NOTHING, seconds } from "./format.ts";
import { isShown } from "./filter.ts";
import type { Place } from "./place.ts";
import { Table } from "./table.tsx";
import type { Overview } from "./types.ts";

interface NewestProps {
  readonly overview: Overview | undefined;
  readonly place: Place;
  readonly onOpen: (sandboxId: string) => void;
}

const COLUMNS = [
  "Ended",
  { label: "Operation", isHeading: true },
  "Result",
  { label: "Took", isNumber: true },
  "Workspace",
  "Tenant",
  "Request",
];

/** The operations that ended last; each leads to its workspace. */
export function Newest({ overview, place, onOpen }: NewestProps) {
  const ended = overview?.newest ?? [];
  const rows = ended
    .filter((operation) => isShown(operation, place))
    .map((operation, index) => ({
      key: operation.request_id ?? `${operation.at} ${index}`,
      cells: [
        clock(operation.at),
        operation.operation,
        operation.code === undefined ? <span class="good">ok</span> : <span class="bad">{operation.code}</span>,
        seconds(operation.seconds),
        <OfWorkspace operation={operation} onOpen={onOpen} />,
        operation.tenant,
        operation.request_id === undefined ? NOTHING : <code class="id">{operation.request_id}</code>,
      ],
    }));
  const empty =
    ended.length > 0 ? "None of the newest fits." : "None yet. Clone something: it shows here a second later.";
  return (
    <section class="card" aria-labelledby="newest">
      <h2 id="newest">Newest operations</h2>
      <Table caption="Newest operations" columns={COLUMNS} rows={rows} empty={empty} />
    </section>
  );
}

interface OfWorkspaceProps extends Pick<NewestProps, "onOpen"> {
  readonly operation: Overview["newest"][number];
}

function OfWorkspace({ operation, onOpen }: OfWorkspaceProps) {
  const { repository = NOTHING, agent_id, sandbox_id, source } = operation;
  const about = [agent_id, source].filter((part) => part !== undefined).join(" · ");
  return (
    <>
      {sandbox_id === undefined ? (
        repository
      ) : (
        <button type="button" class="link" onClick={() => onOpen(sandbox_id)}>
          {repository}
          <span class="hidden">: open workspace {sandbox_id}</span>
        </button>
      )}
      {about !== "" && <span class="muted block">{about}</span>}
    </>
  );
}
