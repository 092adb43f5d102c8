import { useState } from "preact/hooks";
import type { Api, Refused } from "./api.ts";
import { Charts } from "./charts.tsx";
import { Filters } from "./filters.tsx";
import { Header } from "./header.tsx";
import { Newest } from "./newest.tsx";
import { Numbers } from "./numbers.tsx";
import { Panels } from "./panels.tsx";
import { Protection } from "./protection.tsx";
import { RunDialog } from "./run-dialog.tsx";
import { Runs } from "./runs.tsx";
import { useOverview } from "./use-overview.ts";
import { usePlace } from "./use-place.ts";
import { useRuns } from "./use-runs.ts";
import { useWorkspaces } from "./use-workspaces.ts";
import { WorkspaceDialog } from "./workspace-dialog.tsx";
import { Workspaces } from "./workspaces.tsx";

interface DashboardProps {
  readonly api: Api;
  readonly onRefused: (refused: Refused) => void;
  /** Absent if there is no key to forget. */
  readonly onSignOut?: () => void;
}

/** The key figures, then their history, then lists. */
export function Dashboard({ api, onRefused, onSignOut }: DashboardProps) {
  const { place, look, filter, open, close } = usePlace();
  const { minutes, tenant, text, workspace, run } = place;
  const [said, setSaid] = useState("");
  const { overview, trouble, retry } = useOverview(api, minutes, onRefused);
  const { listed, fault, reload, more } = useWorkspaces(api, place, overview);
  const runs = useRuns(api, place, overview);
  const now = Date.now();
  const openWorkspace = (id: string) => open("workspace", id);
  const owned = [...(listed?.items ?? []), ...(overview?.newest ?? []), ...(runs.listed?.items ?? [])];
  const tenants = [...new Set(owned.map((one) => one.tenant))].sort();

  return (
    <>
      <Header {...{ overview, trouble, minutes, onMinutes: (chosen) => look({ minutes: chosen }), onSignOut }} />
      <main>
        {trouble && (
          <p class="banner" role="alert">
            {overview ? "What you see is not of now." : "There is nothing to show."} {trouble.detail}
            <button type="button" onClick={retry}>
              Try again
            </button>
          </p>
        )}
        <p class="hidden" role="status">
          {said}
        </p>
        <Numbers overview={overview} />
        <Charts overview={overview} />
        <Panels overview={overview} now={now} />
        <Filters {...{ place, tenants, onFilter: filter }} />
        <div class="tables">
          <Workspaces
            {...{ listed, fault, now, isFiltered: tenant + text !== "", onOpen: openWorkspace, onMore: more }}
          />
          <Newest {...{ overview, place, onOpen: openWorkspace }} />
        </div>
        <Runs
          {...{ listed: runs.listed, fault: runs.fault, now, place, onMore: runs.more }}
          onStatus={(status) => filter({ status })}
          onOpen={(id) => open("run", id)}
        />
        <Protection api={api} />
      </main>
      {workspace !== undefined && (
        <WorkspaceDialog
          key={workspace}
          api={api}
          sandboxId={workspace}
          onClose={() => close("workspace", workspace)}
          onDone={(what) => {
            setSaid(what);
            reload();
          }}
        />
      )}
      {run !== undefined && (
        <RunDialog key={run} api={api} id={run} onClose={() => close("run", run)} onChange={runs.reload} />
      )}
    </>
  );
}
