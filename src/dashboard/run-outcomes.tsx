import type { ComponentChildren } from "preact";
import { until } from "./format.ts";
import { Mark } from "./icons.tsx";
import { effortOf, stateName } from "./run-texts.ts";
import type { RunItem, RunStatus, RunStep } from "./types.ts";

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
  readonly name: ComponentChildren;
  readonly about?: string;
  readonly error: RunStep["error"] | undefined;
  /** When it is tried again. */
  readonly note?: string | undefined;
}

export function Outcome({ status, name, about, error, note }: OutcomeProps) {
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

interface StepsProps {
  readonly steps: readonly RunStep[];
  readonly now: number;
  readonly label?: string;
}

export function Steps({ steps, now, label = "Steps" }: StepsProps) {
  return (
    <ol class="outcomes" aria-label={label}>
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
