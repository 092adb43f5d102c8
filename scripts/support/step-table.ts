import type { JobStep } from "./main-job.ts";

/** Heading above the lines of stepLine. */
export const STEP_HEADING = "operation     time  sandbox requests  control plane requests  Durable Object calls";

export function stepLine(step: JobStep): string {
  const time = `${step.wall_ms.toFixed(1)} ms`;
  return [
    step.op.padEnd(7),
    time.padStart(10),
    String(step.sandbox_requests).padStart(17),
    String(step.control_requests).padStart(23),
    String(step.object_calls ?? "?").padStart(21),
  ].join(" ");
}
