import { useEffect, useState } from "preact/hooks";
import { hasEnded } from "../durable/runs/types.ts";
import { type Api, explained } from "./api.ts";
import { plural } from "./format.ts";
import { poll } from "./poll.ts";
import { Outcome, Steps } from "./run-outcomes.tsx";
import { inOrder, isOver } from "./run-texts.ts";
import type { Run, RunItem, RunStep } from "./types.ts";

/** A run may have 500 items. */
const ITEMS_SHOWN = 50;
const POLL_MS = 2000;

interface ItemsProps {
  readonly api: Api;
  readonly run: Pick<Run, "run" | "ops" | "status">;
  readonly items: readonly RunItem[];
}

/** The items of a run; each opens to its steps. */
export function Items({ api, run, items }: ItemsProps) {
  const [most, setMost] = useState(ITEMS_SHOWN);
  const left = items.length - most;
  return (
    <>
      <ol class="outcomes" aria-label="Items">
        {inOrder(items)
          .slice(0, most)
          .map((item) => (
            <Item key={item.item} api={api} run={run} item={item} />
          ))}
      </ol>
      {left > 0 && (
        <button type="button" onClick={() => setMost(most + ITEMS_SHOWN)}>
          Show more, {plural(left, "item")} left
        </button>
      )}
    </>
  );
}

interface ItemProps extends Pick<ItemsProps, "api" | "run"> {
  readonly item: RunItem;
}

function Item({ api, run: { run, ops, status: ofRun }, item: { item, status, step, error } }: ItemProps) {
  const [isOpen, setOpen] = useState(false);
  const [steps, setSteps] = useState<readonly RunStep[]>();
  const [fault, setFault] = useState<string>();
  useEffect(() => {
    if (!isOpen) return;
    const polling = poll({
      ask: () => api.runItem(run, item),
      everyMs: POLL_MS,
      tab: document,
      answered(found) {
        setSteps(found.steps);
        setFault(undefined);
        if (hasEnded(ofRun) || isOver(found.status)) polling.stop();
      },
      failed: (reason) => setFault(explained(reason)),
    });
    return () => polling.stop();
  }, [isOpen, status, ofRun]);

  const label = `Item ${item}${step === undefined ? "" : `, step ${step} ${ops[step - 1] ?? ""}`}`;
  const name = (
    <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>{label}</summary>
      {fault !== undefined && <p class="fault">{fault}</p>}
      {isOpen && steps && <Steps steps={steps} now={Date.now()} label={`Steps of item ${item}`} />}
    </details>
  );
  // The failed step shows the same error.
  return <Outcome status={status} name={name} error={isOpen && steps ? undefined : error} />;
}
