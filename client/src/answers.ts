import { NoAnswerError, WarmtreeError } from "./errors.ts";
import type { Problem } from "./generated.ts";

/** Returns the error of a response that is not a success. */
export async function errorOf(response: Response): Promise<WarmtreeError | NoAnswerError> {
  const { status } = response;
  // Does not follow a redirect, because X-Git-Token would be sent along. In pages, its status is hidden.
  if (status < 400) return new NoAnswerError("the address redirects: use that of Warmtree itself", { status });
  const text = await response.text().catch(() => "");
  const problem = problemIn(text);
  if (!problem) return new NoAnswerError(`status ${status} without a problem: not an answer of Warmtree`, { status });
  return new WarmtreeError(problem, problem.retry_after ?? secondsIn(response.headers.get("Retry-After")));
}

function problemIn(text: string): Problem | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return isProblem(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

/** Checks the members that this client uses; the Worker's schema guarantees the others. */
function isProblem(value: unknown): value is Problem {
  if (typeof value !== "object" || value === null) return false;
  const problem: Partial<Record<keyof Problem, unknown>> = value;
  return (
    typeof problem.code === "string" &&
    typeof problem.detail === "string" &&
    typeof problem.status === "number" &&
    typeof problem.retryable === "boolean"
  );
}

/** Returns Retry-After in seconds; undefined for a date, which Warmtree never sends. */
function secondsIn(header: string | null): number | undefined {
  return header !== null && /^\d+$/.test(header) ? Number(header) : undefined;
}

/** Returns the JSON of a success. */
export async function jsonOf(response: Response): Promise<unknown> {
  if (response.status === 204) return undefined;
  try {
    return await response.json();
  } catch (cause) {
    throw new NoAnswerError("the answer broke off", { cause });
  }
}
