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
  /** @param what happened, for whoever listens to the page */
  readonly onDone: (what: string) => void;
}

/** One workspace: what is in it, and how to pause or end it. */
export function WorkspaceDialog({ api, sandboxId, onClose, onDone }: WorkspaceDialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [workspace, setWorkspace] = useState<Workspace>();
  const [status, setStatus] = useState<Status>();
  const [fault, setFault] = useState<string>();
  const [busy, setBusy] = useState<string>();
  const [asked, setAsked] = useState<"pause" | "end">();

  /** One thing at a time; what fails is told. */
  const run = async (doing: string, work: () => Promise<void>) => {
    setBusy(doing);
    setFault(undefined);
    try {
      await work();
    } catch (error) {
      setFault(explained(error));
    }
    setBusy(undefined);
  };
  const look = () =>
    run("Asking git…", async () => {
      setStatus(await api.status(sandboxId));
      setWorkspace(await api.workspace(sandboxId));
    });
  useEffect(() => {
    dialog.current?.showModal();
    void run("Loading…", async () => {
      const found = await api.workspace(sandboxId);
      setWorkspace(found);
      // One that is paused is left so: looking inside would resume it.
      if (found.state === "bound") setStatus(await api.status(sandboxId));
    });
  }, []);

  const act = (what: "pause" | "end") => {
    setAsked(undefined);
    void run(what === "pause" ? "Pausing…" : "Ending…", async () => {
      await api[what](sandboxId);
      onDone(what === "pause" ? "The workspace is paused." : "The workspace is ended.");
      dialog.current?.close();
    });
  };
  const loss = workspace && lossOf(workspace, status);

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
            <button type="button" disabled={busy !== undefined} onClick={() => void look()}>
              {workspace.state === "paused" ? "Resume it and look inside" : "Look inside"}
            </button>
          )}
          {workspace.state === "bound" && (
            <button type="button" disabled={busy !== undefined} onClick={() => setAsked("pause")}>
              Pause
            </button>
          )}
          <button type="button" class="danger" disabled={busy !== undefined} onClick={() => setAsked("end")}>
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
