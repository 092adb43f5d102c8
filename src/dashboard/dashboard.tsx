import { useState } from "preact/hooks";
import type { Api, Refused } from "./api.ts";
import { Charts } from "./charts.tsx";
import { Header } from "./header.tsx";
import { Newest } from "./newest.tsx";
import { Numbers } from "./numbers.tsx";
import { Panels } from "./panels.tsx";
import type { Minutes } from "./types.ts";
import { useOverview } from "./use-overview.ts";
import { useWorkspaces } from "./use-workspaces.ts";
import { WorkspaceDialog } from "./workspace-dialog.tsx";
import { Workspaces } from "./workspaces.tsx";

const DEFAULT_MINUTES: Minutes = 5;

interface DashboardProps {
  readonly api: Api;
  readonly onRefused: (refused: Refused) => void;
  /** Absent if there is no key to forget. */
  readonly onSignOut?: () => void;
}

/** The key figures, then their history, then lists. */
export function Dashboard({ api, onRefused, onSignOut }: DashboardProps) {
  const [minutes, setMinutes] = useState<Minutes>(DEFAULT_MINUTES);
  const [opened, setOpened] = useState<string>();
  const [said, setSaid] = useState("");
  const { overview, trouble, retry } = useOverview(api, minutes, onRefused);
  const { listed, fault, reload, more } = useWorkspaces(api, overview);
  const now = Date.now();

  return (
    <>
      <Header {...{ overview, trouble, minutes, onMinutes: setMinutes, onSignOut }} />
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
        <div class="tables">
          <Workspaces {...{ listed, fault, now, onOpen: setOpened, onMore: more }} />
          <Newest overview={overview} onOpen={setOpened} />
        </div>
      </main>
      {opened !== undefined && (
        <WorkspaceDialog
          key={opened}
          api={api}
          sandboxId={opened}
          onClose={() => setOpened(undefined)}
          onDone={(what) => {
            setSaid(what);
            reload();
          }}
        />
      )}
    </>
  );
}
