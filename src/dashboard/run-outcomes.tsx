import { useState } from "preact/hooks";
import { plural, until } from "./format.ts";
import { Mark } from "./icons.tsx";
import { effortOf, inOrder, stateName } from "./run-texts.ts";
import type { Run, RunItem, RunStatus, RunStep } from "./types.ts";

/** A run may have 500 items. */
const ITEMS_SHOWN = 50;

type State = RunStatus | RunStep["status"] | RunItem["status"];

export function RunState({ status }: { status: State }) {
  return (
    <span class="badge marked" data-state={status}>
      <Mark of={status} />
      {stateName(status)}
    </span>
  );
}

interface OutcomeProps {
  readonly status: State;
  readonly name: string;
  readonly about?: string;
  readonly error: RunStep["error"];
  /** When it is tried again. */
  readonly note?: string | undefined;
}

function Outcome({ status, name, about, error, note }: OutcomeProps) {
  return (
    <li>
      <RunState status={status} />
      <div>
        {name} {about && <span class="muted">{about}</span>}
        {error && (
          <p>
            <code class="bad">{error.code}</code> {error.detail}
          </p>
        )}
        {note !== undefined && <p class="muted">{note}</p>}
      </div>
    </li>
  );
}

export function Steps({ steps, now }: { steps: readonly RunStep[]; now: number }) {
  return (
    <ol class="outcomes" aria-label="Steps">
      {steps.map((step) => (
        <Outcome
          key={step.step}
          status={step.status}
          name={`${step.step} ${step.op}`}
          about={effortOf(step, now)}
          error={step.error}
          note={step.retry_at === undefined ? undefined : `Tried again ${until(step.retry_at, now)}.`}
        />
      ))}
    </ol>
  );
}

export function Items({ items, ops }: { items: readonly RunItem[]; ops: Run["ops"] }) {
  const [most, setMost] = useState(ITEMS_SHOWN);
  const left = items.length - most;
  return (
    <>
      <ol class="outcomes" aria-label="Items">
        {inOrder(items)
          .slice(0, most)
          .map((item) => (
            <Outcome
              key={item.item}
              status={item.status}
              name={`Item ${item.item}${item.step === undefined ? "" : `, step ${item.step} ${ops[item.step - 1] ?? ""}`}`}
              error={item.error}
            />
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
