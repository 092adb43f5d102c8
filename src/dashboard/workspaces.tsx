import { ago } from "./format.ts";
import { Table } from "./table.tsx";
import type { Workspace } from "./types.ts";
import type { useWorkspaces } from "./use-workspaces.ts";
import { nameOf, nextOf, stateOf } from "./workspace-texts.ts";

interface WorkspacesProps extends Pick<ReturnType<typeof useWorkspaces>, "listed" | "fault"> {
  readonly now: number;
  readonly onOpen: (sandboxId: string) => void;
  readonly onMore: () => void;
}

const COLUMNS = ["Workspace", "State", "Last used", "Next", "Tenant"];

/** Workspaces of all tenants; each opens a dialog. */
export function Workspaces({ listed, fault, now, onOpen, onMore }: WorkspacesProps) {
  return (
    <section class="card" aria-labelledby="workspaces">
      <h2 id="workspaces">Workspaces</h2>
      {fault !== undefined && <p class="fault">The list could not be read. {fault}</p>}
      <Table caption="Workspaces" columns={COLUMNS} empty={emptiness(listed?.workspaces)}>
        {listed?.workspaces.map((workspace) => (
          <tr key={workspace.sandbox_id}>
            <th scope="row">
              <button type="button" class="link" onClick={() => onOpen(workspace.sandbox_id)}>
                {workspace.repository}
              </button>
              <span class="muted block">{nameOf(workspace)}</span>
            </th>
            <td>
              <State workspace={workspace} />
            </td>
            <td>{ago(workspace.last_used_at, now)}</td>
            <td>{nextOf(workspace, now)}</td>
            <td>{workspace.tenant}</td>
          </tr>
        ))}
      </Table>
      {listed?.cursor !== undefined && (
        <button type="button" onClick={onMore}>
          Show more
        </button>
      )}
    </section>
  );
}

function emptiness(workspaces: readonly Workspace[] | undefined): string | undefined {
  if (!workspaces) return "Loading…";
  return workspaces.length === 0 ? "None. The first clone makes one." : undefined;
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
