import { useEffect, useState } from "preact/hooks";
import { hasEnded } from "../durable/runs/types.ts";
import { type Api, explained, Refused } from "./api.ts";
import { Confirm } from "./confirm.tsx";
import { Dialog } from "./dialog.tsx";
import { type Fact, Facts } from "./facts.tsx";
import { ago, day } from "./format.ts";
import { poll } from "./poll.ts";
import { Items } from "./run-items.tsx";
import { RunState, Steps } from "./run-outcomes.tsx";
import { agentOf, beganOf, canCancel, canRetry, progressOf, tookOf, whatOf } from "./run-texts.ts";
import type { Run } from "./types.ts";
import { useAction } from "./use-action.ts";

const POLL_MS = 2000;
const NOT_FOUND = 404;

interface RunDialogProps {
  readonly api: Api;
  readonly id: string;
  readonly onClose: () => void;
  /** The run was canceled or retried. */
  readonly onChange: () => void;
}

/** One run: its steps or items as they go on, and buttons to cancel or retry it. */
export function RunDialog({ api, id, onClose, onChange }: RunDialogProps) {
  const [run, setRun] = useState<Run>();
  const [trouble, setTrouble] = useState<string>();
  const [actions, setActions] = useState(0);
  const [said, setSaid] = useState<string>();
  const [isAsked, setAsked] = useState(false);
  const { busy, fault, run: begin } = useAction();

  // An ended run changes only by an action.
  useEffect(() => {
    const polling = poll({
      ask: () => api.run(id),
      everyMs: POLL_MS,
      tab: document,
      answered(found) {
        setRun(found);
        setTrouble(undefined);
        if (hasEnded(found.status)) polling.stop();
      },
      failed(error) {
        setTrouble(explained(error));
        if (error instanceof Refused && error.status === NOT_FOUND) polling.stop();
      },
    });
    return () => polling.stop();
  }, [actions]);

  const act = (what: "cancel" | "retry") => {
    setSaid(undefined);
    void begin(what === "cancel" ? "Canceling…" : "Retrying…", async () => {
      try {
        await api[what](id);
        setSaid(what === "cancel" ? "No other step is begun." : "The run goes on.");
      } finally {
        // A refusal means that the shown run is out of date.
        setActions((before) => before + 1);
        onChange();
      }
    });
  };
  const now = Date.now();
  const idle = { "aria-disabled": busy !== undefined };
  return (
    <Dialog
      title={run ? whatOf(run) : "Run"}
      status={busy ?? said ?? (run || trouble !== undefined ? undefined : "Loading…")}
      fault={fault ?? trouble}
      state={run?.status}
      buttons={
        run && (
          <>
            {canCancel(run.status) && (
              <button type="button" class="danger" {...idle} onClick={() => busy === undefined && setAsked(true)}>
                Cancel run
              </button>
            )}
            {canRetry(run.status) && (
              <>
                <p class="muted">A retry goes on without the caller’s git token.</p>
                <button type="button" {...idle} onClick={() => act("retry")}>
                  Retry
                </button>
              </>
            )}
          </>
        )
      }
      onClose={onClose}
    >
      {run && <Facts facts={factsOf(run, now)} />}
      {run?.steps && <Steps steps={run.steps} now={now} />}
      {run?.for_each && <Items api={api} run={run} items={run.for_each} />}
      {isAsked && (
        <Confirm
          title="Cancel this run?"
          action="Cancel it"
          isDanger
          onYes={() => act("cancel")}
          onNo={() => setAsked(false)}
        >
          <p>The steps that were begun are completed, and no other is begun. What is done stays done.</p>
        </Confirm>
      )}
    </Dialog>
  );
}

function factsOf(run: Run, now: number): Fact[] {
  return [
    ...(run.about ? factsOfWorkspace(run.about) : []),
    ["State", <RunState status={run.status} />],
    ["Progress", progressOf(run).text],
    ["Tenant", run.tenant],
    ["Queued", ago(run.created_at, now)],
    ["Began", beganOf(run, now)],
    ["Took", tookOf(run, now)],
    ...(run.kept_until === undefined ? [] : [["Kept until", day(run.kept_until)] as const]),
    ["Run", <code>{run.run}</code>],
  ];
}

function factsOfWorkspace(about: NonNullable<Run["about"]>): Fact[] {
  const agent = agentOf(about);
  return [["Repository", about.repository], ...(agent === "" ? [] : [["Agent and task", agent] as const])];
}
