import { ago } from "./format.ts";
import { Table } from "./table.tsx";
import type { Workspace } from "./types.ts";
import type { useWorkspaces } from "./use-workspaces.ts";
import { nameOf, nextOf, stateOf } from "./workspace-texts.ts";

interface WorkspacesProps extends Pick<ReturnType<typeof useWorkspaces>, "listed" | "fault"> {
  readonly now: number;
  /** Whether a filter is set. */
  readonly isFiltered: boolean;
  readonly onOpen: (sandboxId: string) => void;
  readonly onMore: () => void;
}

const COLUMNS = [{ label: "Workspace", isHeading: true }, "State", "Last used", "Next", "Tenant"];

/** Workspaces of all tenants; each opens a dialog. */
export function Workspaces({ listed, fault, now, isFiltered, onOpen, onMore }: WorkspacesProps) {
  const rows = listed?.items.map((workspace) => ({
    key: workspace.sandbox_id,
    cells: [
      <>
        <button type="button" class="link" onClick={() => onOpen(workspace.sandbox_id)}>
          {workspace.repository}
        </button>
        <span class="muted block">{nameOf(workspace)}</span>
      </>,
      <State workspace={workspace} />,
      ago(workspace.last_used_at, now),
      nextOf(workspace, now),
      workspace.tenant,
    ],
  }));
  const none = isFiltered ? "None fits." : "None. The first clone makes one.";
  return (
    <section class="card" aria-labelledby="workspaces">
      <h2 id="workspaces">Workspaces</h2>
      {fault !== undefined && <p class="fault">The list could not be read. {fault}</p>}
      <Table caption="Workspaces" columns={COLUMNS} rows={rows ?? []} empty={rows ? none : "Loading…"} />
      {listed?.cursor !== undefined && (
        <button type="button" onClick={onMore}>
          Show more
        </button>
      )}
    </section>
  );
}

export function State({ workspace }: { workspace: Workspace }) {
  return (
    <span class="badges">
      <span class="badge" data-state={workspace.state}>
        {stateOf(workspace)}
      </span>
      {workspace.unpushed && <span class="badge bad">unpushed work</span>}
    </span>
  );
}
