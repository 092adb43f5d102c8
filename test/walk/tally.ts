/** Counts of operations and events. */
export class Tally {
  readonly operations = new Map<string, Map<string, number>>();
  readonly events = new Map<string, Map<string, number>>();
  readonly known = new Map<string, number>();
  steps = 0;
  walks = 0;

  /** `outcome` is `ok` or an error's code. */
  operation(name: string, outcome: string): void {
    count(this.operations, name, outcome);
  }

  /** `outcome` is `done` or `nothing`. */
  event(name: string, outcome: string): void {
    count(this.events, name, outcome);
  }

  knownOne(name: string): void {
    this.known.set(name, (this.known.get(name) ?? 0) + 1);
  }
}

function count(counts: Map<string, Map<string, number>>, name: string, outcome: string): void {
  const outcomes = counts.get(name) ?? new Map<string, number>();
  outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  counts.set(name, outcomes);
}
