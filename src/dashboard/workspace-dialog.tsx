import { useEffect, useRef, useState } from "preact/hooks";
import { type Api, explained } from "./api.ts";
import { Confirm } from "./confirm.tsx";
import { type Fact, Facts } from "./facts.tsx";
import { ago } from "./format.ts";
import { Close } from "./icons.tsx";
import { lossOf } from "./loss.ts";
import type { Status, Workspace } from "./types.ts";
import { nameOf, nextOf } from "./workspace-texts.ts";
import { State } from "./workspaces.tsx";
import { WorkspaceStatus } from "./workspace-status.tsx";

interface WorkspaceDialogProps {
  readonly api: Api;
  readonly sandboxId: string;
  readonly onClose: () => void;
  /** @param what result, announced to screen readers */
  readonly onDone: (what: string) => void;
}

/** One workspace: its state, and buttons to pause or end it. */
export function WorkspaceDialog({ api, sandboxId, onClose, onDone }: WorkspaceDialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [workspace, setWorkspace] = useState<Workspace>();
  const [status, setStatus] = useState<Status>();
  const [fault, setFault] = useState<string>();
  const [busy, setBusy] = useState<string>();
  const [asked, setAsked] = useState<"pause" | "end">();

  /** Runs one action at a time; shows its error. */
  const run = async (doing: string, work: () => Promise<void>) => {
    if (busy !== undefined) return;
    setBusy(doing);
    setFault(undefined);
    try {
      await work();
    } catch (error) {
      setFault(explained(error));
    }
    setBusy(undefined);
  };
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
    const shown = dialog.current;
    shown?.showModal();
    void look("Loading…");
    // The back button takes it away while it is open: closing returns the focus.
    return () => shown?.close();
  }, []);
  const ask = async (what: "pause" | "end") => {
    if (busy !== undefined) return;
    // The agent may have changed the workspace since the dialog was opened.
    if (what === "end") await look("Looking what would be lost…");
    setAsked(what);
  };

  const act = (what: "pause" | "end") => {
    setAsked(undefined);
    void run(what === "pause" ? "Pausing…" : "Ending…", async () => {
      await api[what](sandboxId);
      onDone(what === "pause" ? "The workspace is paused." : "The workspace is ended.");
      dialog.current?.close();
    });
  };
  const loss = workspace && lossOf(workspace, status);
  // Not `disabled`, which would remove the focus.
  const idle = { "aria-disabled": busy !== undefined };

  return (
    <dialog ref={dialog} class="card" aria-labelledby="opened" onClose={onClose}>
      <header>
        <h2 id="opened">{workspace?.repository ?? "Workspace"}</h2>
        <button type="button" class="quiet" aria-label="Close" onClick={() => dialog.current?.close()}>
          <Close />
        </button>
      </header>
      {workspace && <Facts facts={factsOf(workspace)} />}
      {status && <WorkspaceStatus status={status} />}
      <p role="status" class="muted">
        {busy}
      </p>
      {fault !== undefined && (
        <p class="fault" role="alert">
          {fault}
        </p>
      )}
      {workspace && workspace.state !== "gone" && (
        <footer>
          {!status && (
            <button type="button" {...idle} onClick={() => void look("Asking git…", true)}>
              {workspace.state === "paused" ? "Resume it and look inside" : "Look inside"}
            </button>
          )}
          {workspace.state === "bound" && (
            <button type="button" {...idle} onClick={() => void ask("pause")}>
              Pause
            </button>
          )}
          <button type="button" class="danger" {...idle} onClick={() => void ask("end")}>
            End
          </button>
        </footer>
      )}
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
    </dialog>
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
