import { useEffect, useState } from "preact/hooks";
import type { Api } from "./api.ts";
import { Confirm } from "./confirm.tsx";
import { Dialog } from "./dialog.tsx";
import { type Fact, Facts } from "./facts.tsx";
import { ago } from "./format.ts";
import { lossOf } from "./loss.ts";
import type { Status, Workspace } from "./types.ts";
import { useAction } from "./use-action.ts";
import { nameOf, nextOf } from "./workspace-texts.ts";
import { State } from "./workspaces.tsx";
import { WorkspaceStatus } from "./workspace-status.tsx";

interface WorkspaceDialogProps {
  readonly api: Api;
  readonly sandboxId: string;
  readonly onClose: () => void;
  /** @param what the result, announced to screen readers */
  readonly onDone: (what: string) => void;
}

/** One workspace: its state, and buttons to pause or end it. */
export function WorkspaceDialog({ api, sandboxId, onClose, onDone }: WorkspaceDialogProps) {
  const [workspace, setWorkspace] = useState<Workspace>();
  const [status, setStatus] = useState<Status>();
  const [asked, setAsked] = useState<"pause" | "end">();
  const { busy, fault, run } = useAction();

  /** Loads the workspace. A look inside would resume a paused workspace, so that happens only with `anyway`. */
  const look = (doing: string, anyway = false) =>
    run(doing, async () => {
      setStatus(undefined);
      const found = await api.workspace(sandboxId);
      setWorkspace(found);
      if (found.state === "bound" || anyway) setStatus(await api.status(sandboxId));
      if (anyway) setWorkspace(await api.workspace(sandboxId));
    });
  useEffect(() => {
    void look("Loading…");
  }, []);
  const ask = async (what: "pause" | "end") => {
    if (busy !== undefined) return;
    // The agent may have changed the workspace since the dialog was opened.
    if (what === "end") await look("Looking for unpushed work…");
    setAsked(what);
  };

  const act = (what: "pause" | "end") => {
    setAsked(undefined);
    void run(what === "pause" ? "Pausing…" : "Ending…", async () => {
      await api[what](sandboxId);
      onDone(what === "pause" ? "The workspace is paused." : "The workspace is ended.");
      onClose();
    });
  };
  const loss = workspace && lossOf(workspace, status);
  // Not `disabled`, which would remove the focus.
  const idle = { "aria-disabled": busy !== undefined };
  const buttons = ({ state }: Workspace) => (
    <>
      {!status && (
        <button type="button" {...idle} onClick={() => void look("Asking git…", true)}>
          {state === "paused" ? "Resume it and look inside" : "Look inside"}
        </button>
      )}
      {state === "bound" && (
        <button type="button" {...idle} onClick={() => void ask("pause")}>
          Pause
        </button>
      )}
      <button type="button" class="danger" {...idle} onClick={() => void ask("end")}>
        End
      </button>
    </>
  );

  return (
    <Dialog
      title={workspace?.repository ?? "Workspace"}
      status={busy}
      fault={fault}
      buttons={workspace && workspace.state !== "gone" && buttons(workspace)}
      onClose={onClose}
    >
      {workspace && <Facts facts={factsOf(workspace)} />}
      {status && <WorkspaceStatus status={status} />}
      {asked === "pause" && (
        <Confirm
          title="Pause this workspace?"
          action="Pause it"
          onYes={() => act("pause")}
          onNo={() => setAsked(undefined)}
        >
          <p>It keeps everything and costs nothing. Its next use resumes it.</p>
        </Confirm>
      )}
      {asked === "end" && loss && (
        <Confirm
          title="End this workspace?"
          action="End it"
          isDanger
          onYes={() => act("end")}
          onNo={() => setAsked(undefined)}
        >
          <p class={loss.some ? "bad" : ""}>{loss.summary}</p>
          <ul class="files">
            {loss.files.map((file) => (
              <li key={file}>{file}</li>
            ))}
          </ul>
        </Confirm>
      )}
    </Dialog>
  );
}

function factsOf(workspace: Workspace): Fact[] {
  const now = Date.now();
  return [
    ["Agent and task", nameOf(workspace)],
    ["Tenant", workspace.tenant],
    ["State", <State workspace={workspace} />],
    ["Next", nextOf(workspace, now)],
    ["Last used", ago(workspace.last_used_at, now)],
    ["Made", ago(workspace.created_at, now)],
    ["Handle", <code>{workspace.sandbox_id}</code>],
  ];
}
