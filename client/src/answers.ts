import { NoAnswerError, WarmtreeError } from "./errors.ts";
import type { Problem } from "./generated.ts";

/** The error in an answer that is no success. */
export async function errorOf(response: Response): Promise<WarmtreeError | NoAnswerError> {
  const { status } = response;
  // A redirect is not followed: X-Git-Token would go along. Pages get it without its status.
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

/** Looks at the members that this client uses; the others are as the Worker's schema has them. */
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

/** Retry-After as seconds; as a date it is left out, as Warmtree sends none. */
function secondsIn(header: string | null): number | undefined {
  return header !== null && /^\d+$/.test(header) ? Number(header) : undefined;
}

/** The JSON of a success. */
export async function jsonOf(response: Response): Promise<unknown> {
  if (response.status === 204) return undefined;
  try {
    return await response.json();
  } catch (cause) {
    throw new NoAnswerError("the answer broke off", { cause });
  }
}
