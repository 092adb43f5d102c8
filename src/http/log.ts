import { withoutAuthorization } from "../redaction/plain-text.ts";
import { Redactor } from "../redaction/redactor.ts";

/** Errors wrap errors a few levels deep; a cycle must end. */
const MAX_CAUSES = 5;

/** Logs an unexpected error as one JSON line, with its stack and causes and without `secrets`. */
export function logUnexpected(requestId: string, thrown: unknown, secrets: readonly string[]): void {
  const text = withoutAuthorization(chainOf(thrown).join("\ncaused by: "));
  const error = new Redactor(secrets).clean(text);
  console.error(JSON.stringify({ level: "error", message: "unexpected error", request_id: requestId, error }));
}

function chainOf(thrown: unknown): string[] {
  const chain: string[] = [];
  for (let link = thrown; link !== undefined && chain.length <= MAX_CAUSES;) {
    if (!(link instanceof Error)) return [...chain, typeof link === "string" ? link : `a thrown ${typeof link}`];
    chain.push(link.stack ?? link.message);
    link = link.cause;
  }
  return chain;
}
